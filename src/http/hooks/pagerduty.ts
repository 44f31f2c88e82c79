// PagerDuty: its own webhooks (version 3, signed), and what other tools would send to its Events API (version 2).
import { z } from "zod";
import { sha256 } from "../../core/digest.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Read, Request, Sender } from "./desk.ts";
import { anySame, hmacHex, same } from "./signature.ts";
import { id, json, line, notUnderstood, severity, subject, timeOf } from "./text.ts";

const webhook = z.object({
  event: z.object({
    id: z.string(),
    event_type: z.string(),
    occurred_at: z.string(),
    data: z.object({
      id: z.string().nullish(),
      title: z.string().nullish(),
      urgency: z.string().nullish(),
      service: z.object({ summary: z.string().nullish() }).nullish(),
    }),
  }),
});

const enqueued = z.object({
  routing_key: z.string(),
  event_action: z.enum(["trigger", "acknowledge", "resolve"]),
  dedup_key: z.string().max(255).nullish(),
  payload: z
    .object({
      summary: z.string(),
      source: z.string().nullish(),
      severity: z.string().nullish(),
      timestamp: z.string().nullish(),
      component: z.string().nullish(),
    })
    .nullish(),
});

/**
 * `X-PagerDuty-Signature: v1=<hex>[,v1=<hex>]` over the body, without a time: a repeat is told by the event's id. A body
 * with a `routing_key` is of the Events API, and the key is the secret: tools that can send to PagerDuty can send here.
 */
export const pagerduty: Sender = {
  refuse(request, secret) {
    const header = request.header("x-pagerduty-signature");
    if (header !== undefined) {
      const shown = header.split(",").map((one) => one.trim());
      return anySame(shown, `v1=${hmacHex(secret, [request.raw])}`)
        ? null
        : "the signature does not fit the body";
    }
    const text = json(request);
    const read = text.ok ? enqueued.safeParse(text.value) : null;
    if (!read?.success) return "there is neither an X-PagerDuty-Signature header nor a routing_key";
    return same(read.data.routing_key, secret.reveal()) ? null : "the routing_key is not the one we know";
  },
  read(request, nowMs) {
    const text = json(request);
    if (!text.ok) return text;
    const sent = webhook.safeParse(text.value);
    if (sent.success) return ok(readWebhook(sent.data));
    const event = enqueued.safeParse(text.value);
    return event.success
      ? readEnqueued(event.data, request, nowMs)
      : notUnderstood("this is neither a webhook nor an event of PagerDuty");
  },
};

function readWebhook({ event }: z.infer<typeof webhook>): Read {
  const { event_type: type, occurred_at: occurredAt, data } = event;
  const begins = type === "incident.triggered" || type === "incident.reopened";
  if (!begins && type !== "incident.resolved") return { deliveries: [] };
  const common = {
    at: timeOf(occurredAt, 0),
    kind: "alert" as const,
    subject: subject(data.service?.summary ?? data.id ?? "incident"),
    what: line(data.title ?? type),
  };
  const one = begins ? { ...common, ...severity(data.urgency) } : { ...common, over: true as const };
  return { deliveries: [{ delivery: id(event.id), events: [one], trials: [], more: 0 }] };
}

function readEnqueued(
  { event_action: action, dedup_key: key, payload }: z.infer<typeof enqueued>,
  request: Request,
  nowMs: number,
): Result<Read> {
  if (action === "trigger" && !payload) return notUnderstood("a trigger needs a payload");
  if (action !== "trigger" && !key) return notUnderstood(`${action} needs a dedup_key`);
  const hash = sha256(new TextDecoder().decode(request.raw));
  const dedup = key ?? hash.slice(0, 32);
  const answer = {
    status: 202 as const,
    body: { status: "success", message: "Event processed", dedup_key: dedup },
  };
  if (action === "acknowledge") return ok({ deliveries: [], answer });
  const common = {
    at: timeOf(payload?.timestamp, nowMs),
    kind: "alert" as const,
    subject: subject(payload?.component ?? payload?.source ?? dedup),
    what: line(payload?.summary ?? `${dedup} is resolved`),
  };
  const event =
    action === "trigger" ? { ...common, ...severity(payload?.severity) } : { ...common, over: true as const };
  return ok({
    deliveries: [{ delivery: id(`${dedup} ${hash}`), events: [event], trials: [], more: 0 }],
    answer,
  });
}
