// Prometheus Alertmanager, version 4 of its webhook. It signs nothing: a token or password in the Authorization header.
import { z } from "zod";
import { ok } from "../../core/result.ts";
import type { Delivery, Sender } from "./desk.ts";
import { refuseToken } from "./signature.ts";
import { id, json, line, notUnderstood, severity, subject, timeOf } from "./text.ts";

const words = z.record(z.string(), z.string());
const alert = z.object({
  status: z.enum(["firing", "resolved"]),
  labels: words,
  annotations: words.default({}),
  startsAt: z.string(),
  endsAt: z.string().optional(),
  fingerprint: z.string(),
});
const body = z.object({
  version: z.string(),
  alerts: z.array(alert),
  truncatedAlerts: z.number().default(0),
});

/** Each alert is a delivery of its own: a group is sent again whenever one of it changes. */
export const alertmanager: Sender = {
  refuse: (request, secret) => refuseToken(request.header("authorization"), secret),
  read(request, nowMs) {
    const text = json(request);
    if (!text.ok) return text;
    const read = body.safeParse(text.value);
    if (!read.success) return notUnderstood("this is not version 4 of Alertmanager's webhook");
    const { alerts, truncatedAlerts } = read.data;
    return ok({
      deliveries: alerts.map((one, i) => deliveryOf(one, i === 0 ? truncatedAlerts : 0, nowMs)),
    });
  },
};

function deliveryOf(
  { status, labels, annotations, startsAt, endsAt, fingerprint }: z.infer<typeof alert>,
  more: number,
  nowMs: number,
): Delivery {
  const over = status === "resolved";
  const name = labels["alertname"] ?? "alert";
  const about = labels["service"] ?? labels["job"] ?? labels["instance"];
  const event = {
    at: timeOf(over ? endsAt : startsAt, nowMs),
    kind: "alert" as const,
    subject: subject(about === undefined ? name : `${name} ${about}`),
    what: line(annotations["summary"] ?? annotations["description"] ?? name),
    ...severity(labels["severity"]),
    ...(over ? { over: true as const } : {}),
  };
  return { delivery: id(`${fingerprint} ${startsAt} ${status}`), events: [event], trials: [], more };
}
