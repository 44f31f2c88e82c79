// Stripe: how payments end. A decline is the bank's word, not our fault; what fails otherwise is.
import { z } from "zod";
import { sha256 } from "../../core/digest.ts";
import { ok } from "../../core/result.ts";
import type { Delivery, Sender } from "./desk.ts";
import { anySame, hmacHex, wrongTime } from "./signature.ts";
import { id, json, line, notUnderstood } from "./text.ts";

const fault = z.object({
  type: z.string().nullish(),
  code: z.string().nullish(),
  decline_code: z.string().nullish(),
});
const body = z.object({
  id: z.string(),
  object: z.literal("event"),
  created: z.number(),
  type: z.string(),
  data: z.object({
    object: z.object({
      id: z.string().nullish(),
      customer: z.string().nullish(),
      payment_intent: z.string().nullish(),
      last_payment_error: fault.nullish(),
      failure_code: z.string().nullish(),
      outcome: z.object({ type: z.string().nullish() }).nullish(),
    }),
  }),
});
type Body = z.infer<typeof body>;

/** `Stripe-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>]`, over `<t>.<body>`. */
export const stripe: Sender = {
  refuse(request, secret, nowMs) {
    const header = request.header("stripe-signature");
    if (header === undefined) return "there is no Stripe-Signature header";
    const pairs = header.split(",").map((pair) => pair.trim().split("="));
    const t = pairs.find(([name]) => name === "t")?.[1] ?? "";
    const shown = pairs.filter(([name]) => name === "v1").map(([, hex]) => hex ?? "");
    if (!anySame(shown, hmacHex(secret, [`${t}.`, request.raw])))
      return "the signature does not fit the body";
    return wrongTime(t, nowMs);
  },
  read(request) {
    const text = json(request);
    if (!text.ok) return text;
    const read = body.safeParse(text.value);
    if (!read.success) return notUnderstood("this is no event of Stripe");
    const delivery = deliveryOf(read.data);
    return ok({ deliveries: delivery === null ? [] : [delivery] });
  },
};

/** Null: it says nothing about whether payments work. */
function deliveryOf(event: Body): Delivery | null {
  const { type, created } = event;
  const at = created * 1_000;
  const worked = trialOf(event);
  if (worked !== null) {
    const { customer, id: object } = event.data.object;
    const client = sha256(`stripe ${customer ?? object ?? event.id}`).slice(0, 16);
    const trials = [{ at, ok: worked, client, route: "payment" }];
    const what = line(`a payment failed: ${reason(event)}`);
    const events = worked ? [] : [{ at, kind: "payment" as const, subject: "stripe payments", what }];
    return { delivery: id(event.id), events, trials, more: 0 };
  }
  if (type !== "invoice.payment_failed" && type !== "checkout.session.async_payment_failed") return null;
  const what = `a payment that was to come later failed (${type})`;
  const late = { at, kind: "payment" as const, subject: `stripe ${type}`, what, severity: "info" as const };
  return { delivery: id(event.id), events: [late], trials: [], more: 0 };
}

/** Did the payment get as far as the bank's answer? A charge of a payment intent is told by the intent. */
function trialOf({ type, data }: Body): boolean | null {
  const { payment_intent: intent, last_payment_error: error, failure_code: code, outcome } = data.object;
  if (type === "payment_intent.succeeded") return true;
  if (type === "payment_intent.payment_failed")
    return error?.type === "card_error" || (error?.decline_code ?? null) !== null;
  if (intent !== null && intent !== undefined) return null;
  if (type === "charge.succeeded") return true;
  if (type !== "charge.failed") return null;
  return code === "card_declined" || outcome?.type === "issuer_declined" || outcome?.type === "blocked";
}

function reason({ data }: Body): string {
  const { last_payment_error: error, failure_code: code } = data.object;
  return error?.code ?? error?.type ?? code ?? "Stripe does not say why";
}
