// Whatever can send JSON: signed as Standard Webhooks say, or with the secret as a token.
import { z } from "zod";
import { sha256 } from "../../core/digest.ts";
import { ok } from "../../core/result.ts";
import type { Secret } from "../../core/secret.ts";
import { signalKinds } from "../../core/signals/event.ts";
import type { Request, Sender } from "./desk.ts";
import { anySame, hmac, refuseToken, wrongTime } from "./signature.ts";
import { id, json, line, notUnderstood, severity, subject, timeOf } from "./text.ts";

const body = z.object({
  /** What happened, for people. */
  what: z.string().min(1),
  subject: z.string().nullish(),
  kind: z.enum(signalKinds).nullish(),
  severity: z.string().nullish(),
  /** ISO 8601, or seconds since 1970. */
  at: z.union([z.string(), z.number()]).nullish(),
  over: z.boolean().nullish(),
  /** The sender's own id of it; the same twice counts once. */
  id: z.string().nullish(),
});

export const generic: Sender = {
  refuse(request, secret, nowMs) {
    return request.header("webhook-signature") === undefined
      ? refuseToken(request.header("authorization"), secret)
      : refuseStandard(request, secret, nowMs);
  },
  read(request, nowMs) {
    const text = json(request);
    if (!text.ok) return text;
    const read = body.safeParse(text.value);
    if (!read.success)
      return notUnderstood('the body must be like {"what": "queue is stuck", "subject": "mail"}');
    const { what, at, over } = read.data;
    const own = request.header("webhook-id") ?? request.header("idempotency-key") ?? read.data.id;
    const event = {
      at: timeOf(at, nowMs),
      kind: read.data.kind ?? ("alert" as const),
      subject: subject(read.data.subject ?? what),
      what: line(what),
      ...severity(read.data.severity),
      ...(over ? { over: true as const } : {}),
    };
    const delivery = id(own ?? sha256(new TextDecoder().decode(request.raw)));
    return ok({ deliveries: [{ delivery, events: [event], trials: [], more: 0 }] });
  },
};

/** `webhook-signature: v1,<base64> [v1,<base64>]` over `<webhook-id>.<webhook-timestamp>.<body>`. */
function refuseStandard(request: Request, secret: Secret, nowMs: number): string | null {
  const name = request.header("webhook-id");
  if (name === undefined || name === "") return "there is no webhook-id header";
  const t = request.header("webhook-timestamp") ?? "";
  const text = secret.reveal();
  const key = text.startsWith("whsec_") ? Buffer.from(text.slice("whsec_".length), "base64") : text;
  const right = hmac(key, [`${name}.${t}.`, request.raw]).toString("base64");
  const shown = (request.header("webhook-signature") ?? "").split(" ");
  return anySame(shown, `v1,${right}`) ? wrongTime(t, nowMs) : "the signature does not fit the body";
}
