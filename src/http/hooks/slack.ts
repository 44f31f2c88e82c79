// Slack: a person says that something is wrong, by a mention, a message to the bot, or a slash command.
import { z } from "zod";
import { ok } from "../../core/result.ts";
import type { Read, Request, Sender } from "./desk.ts";
import { hmacHex, same, wrongTime } from "./signature.ts";
import { id, json, line, notUnderstood, subject } from "./text.ts";

const envelope = z.discriminatedUnion("type", [
  z.object({ type: z.literal("url_verification"), challenge: z.string().max(1_000) }),
  z.object({
    type: z.literal("event_callback"),
    event_id: z.string(),
    event_time: z.number(),
    event: z.object({
      type: z.string(),
      subtype: z.string().nullish(),
      bot_id: z.string().nullish(),
      user: z.string().nullish(),
      text: z.string().nullish(),
      channel: z.string().nullish(),
    }),
  }),
]);
type Callback = Extract<z.infer<typeof envelope>, { type: "event_callback" }>;

/** `X-Slack-Signature: v0=<hex>` over `v0:<X-Slack-Request-Timestamp>:<body>`. */
export const slack: Sender = {
  refuse(request, secret, nowMs) {
    const shown = request.header("x-slack-signature");
    if (shown === undefined) return "there is no X-Slack-Signature header";
    const t = request.header("x-slack-request-timestamp") ?? "";
    const right = `v0=${hmacHex(secret, [`v0:${t}:`, request.raw])}`;
    return same(shown, right) ? wrongTime(t, nowMs) : "the signature does not fit the body";
  },
  read(request, nowMs) {
    const form = request.header("content-type")?.startsWith("application/x-www-form-urlencoded");
    if (form) return readCommand(request, nowMs);
    const text = json(request);
    if (!text.ok) return text;
    const read = envelope.safeParse(text.value);
    if (!read.success) return notUnderstood("this is no event of Slack");
    if (read.data.type === "event_callback") return ok({ deliveries: readEvent(read.data) });
    return ok({ deliveries: [], answer: { status: 200, body: { challenge: read.data.challenge } } });
  },
};

/** What bots write is not a person's word; ours would answer itself. */
function readEvent({ event_id: delivery, event_time: at, event }: Callback): Read["deliveries"] {
  const isWord = event.type === "app_mention" || event.type === "message";
  if (!isWord || event.bot_id || event.subtype || !event.text) return [];
  const what = line(`${event.user ?? "somebody"}: ${event.text.replace(/^<@[A-Z0-9]+>\s*/, "")}`);
  const one = {
    at: at * 1_000,
    kind: "report" as const,
    subject: subject(`slack ${event.channel ?? ""}`),
    what,
  };
  return [{ delivery: id(delivery), events: [one], trials: [], more: 0 }];
}

function readCommand(request: Request, nowMs: number): ReturnType<Sender["read"]> {
  const form = new URLSearchParams(new TextDecoder().decode(request.raw));
  const [trigger, command] = [form.get("trigger_id"), form.get("command")];
  // Buttons are answered elsewhere; here they are no word about the app.
  if (form.has("payload")) return ok({ deliveries: [] });
  if (trigger === null || command === null) return notUnderstood("this is no slash command of Slack");
  const who = form.get("user_name") ?? form.get("user_id") ?? "somebody";
  const what = line(`${who}: ${form.get("text") ?? ""}`);
  const about = subject(`slack ${form.get("channel_name") ?? command}`);
  const one = { at: nowMs, kind: "report" as const, subject: about, what };
  const answer = { response_type: "ephemeral", text: "Noted: it is in the journal of Lastgood." };
  return ok({
    deliveries: [{ delivery: id(trigger), events: [one], trials: [], more: 0 }],
    answer: { status: 200, body: answer },
  });
}
