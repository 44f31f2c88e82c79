// Sentry's integration platform: alerts on events, on metrics, and new issues. Signed with the integration's client secret.
import { z } from "zod";
import { sha256 } from "../../core/digest.ts";
import { ok } from "../../core/result.ts";
import type { SignalEvent } from "../../core/signals/event.ts";
import type { Sender } from "./desk.ts";
import { anySame, hmacHex } from "./signature.ts";
import { id, json, line, notUnderstood, severity, subject, timeOf } from "./text.ts";

const eventAlert = z.object({
  data: z.object({
    event: z.object({
      title: z.string(),
      level: z.string().nullish(),
      culprit: z.string().nullish(),
      datetime: z.string().nullish(),
    }),
    triggered_rule: z.string().nullish(),
  }),
});
const metricAlert = z.object({
  action: z.string(),
  data: z.object({
    description_title: z.string(),
    description_text: z.string().nullish(),
    metric_alert: z.object({ alert_rule: z.object({ name: z.string() }).nullish() }),
  }),
});
const issue = z.object({
  action: z.string(),
  data: z.object({
    issue: z.object({
      title: z.string(),
      level: z.string().nullish(),
      culprit: z.string().nullish(),
      shortId: z.string().nullish(),
    }),
  }),
});

/** The time that it sends is not signed: a repeat is told by its Request-ID alone. */
export const sentry: Sender = {
  refuse(request, secret) {
    const shown = request.header("sentry-hook-signature") ?? request.header("sentry-app-signature");
    if (shown === undefined) return "there is no Sentry-Hook-Signature header";
    const over = [request.raw, ...reserialised(request.raw)];
    const right = over.some((bytes) => anySame([shown.toLowerCase()], hmacHex(secret, [bytes])));
    return right ? null : "the signature does not fit the body";
  },
  read(request, nowMs) {
    const text = json(request);
    if (!text.ok) return text;
    const delivery = id(request.header("request-id") ?? sha256(new TextDecoder().decode(request.raw)));
    const resource = request.header("sentry-hook-resource") ?? "";
    const event = eventOf(resource, text.value, nowMs);
    if (event === "odd") return notUnderstood(`this is not what Sentry sends as ${resource}`);
    return ok({ deliveries: event === null ? [] : [{ delivery, events: [event], trials: [], more: 0 }] });
  },
};

/** Sentry's own examples sign the body as JavaScript would write it anew. */
function reserialised(raw: Uint8Array): readonly string[] {
  try {
    return [JSON.stringify(JSON.parse(new TextDecoder().decode(raw)))];
  } catch {
    return [];
  }
}

/** Null: nothing that happened to the app, such as an assignment or a comment. */
function eventOf(resource: string, body: unknown, nowMs: number): SignalEvent | null | "odd" {
  if (resource === "event_alert") {
    const read = eventAlert.safeParse(body);
    if (!read.success) return "odd";
    const { event, triggered_rule: rule } = read.data.data;
    const what = line(event.culprit ? `${event.title} in ${event.culprit}` : event.title);
    const at = timeOf(event.datetime, nowMs);
    return { at, kind: "alert", subject: subject(rule ?? event.title), what, ...severity(event.level) };
  }
  if (resource === "metric_alert") {
    const read = metricAlert.safeParse(body);
    if (!read.success) return "odd";
    const { action, data } = read.data;
    const about = subject(data.metric_alert.alert_rule?.name ?? data.description_title);
    const what = line(
      data.description_text ? `${data.description_title}: ${data.description_text}` : data.description_title,
    );
    const common = { at: nowMs, kind: "alert" as const, subject: about, what };
    return action === "resolved" ? { ...common, over: true } : { ...common, ...severity(action) };
  }
  if (resource !== "issue") return null;
  const read = issue.safeParse(body);
  if (!read.success) return "odd";
  const { action, data } = read.data;
  if (action !== "created" && action !== "resolved") return null;
  const { title, culprit, shortId, level } = data.issue;
  const what = line(culprit ? `${title} in ${culprit}` : title);
  const common = { at: nowMs, kind: "alert" as const, subject: subject(shortId ?? title), what };
  return action === "resolved" ? { ...common, over: true } : { ...common, ...severity(level) };
}
