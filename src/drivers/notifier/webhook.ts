// Notifier by webhook: one signed POST of JSON, that a receiver may get twice and can recognise by its key.
import { createHmac } from "node:crypto";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { HttpAnswer, HttpClient } from "../../ports/http-client.ts";
import type { Message } from "../../ports/journal.ts";
import type { Notifier } from "../../ports/notifier.ts";

/** A receiver that needs longer would hold up the messages behind it. */
const TIMEOUT_MS = 10_000;
/** Answers of 4xx that may be different the next time: Request Timeout, Too Many Requests (RFC 9110, RFC 6585). */
const PASSING = new Set([408, 429]);

export type WebhookConfig = {
  /** Shown to people in place of the address, which may hold a token. */
  readonly name: string;
  /** `http:` or `https:`. */
  readonly url: string;
  /** Key of the signature; null sends none. */
  readonly secret: { reveal(): string } | null;
  readonly timeoutMs?: number;
};

export type WebhookDeps = { readonly http: HttpClient; readonly clock: Clock };

/**
 * `refused` is final: the receiver does not want this message, and will not. `unreachable` may be tried again.
 * The signature is over `<unix seconds>.<body>`, so that a receiver can refuse old ones:
 * `X-Lastgood-Signature: t=<unix seconds>,v1=<hex of HMAC-SHA256>`.
 */
export function webhookNotifier(config: WebhookConfig, { http, clock }: WebhookDeps): Notifier {
  return {
    name: config.name,
    async send(message) {
      const body = JSON.stringify(bodyOf(message));
      const answer = await http.request({
        method: "POST",
        url: config.url,
        headers: {
          "content-type": "application/json",
          "idempotency-key": headerSafe(message.key),
          ...signature(config.secret, Math.floor(clock.now() / 1_000), body),
        },
        body,
        timeoutMs: config.timeoutMs ?? TIMEOUT_MS,
      });
      return answer.ok ? judge(config, answer.value) : silent(config, answer.error.code);
    },
  };
}

/** Named one by one, so that a field added to messages some day does not leave the house by itself. */
function bodyOf({ key, to, subject, text }: Message): Message {
  return { key, to, subject, text };
}

function signature(secret: WebhookConfig["secret"], seconds: number, body: string): Record<string, string> {
  if (secret === null) return {};
  const code = createHmac("sha256", secret.reveal()).update(`${seconds}.${body}`).digest("hex");
  return { "x-lastgood-signature": `t=${seconds},v1=${code}` };
}

function judge(config: WebhookConfig, { status, headers }: HttpAnswer): Result<void> {
  if (status >= 200 && status <= 299) return ok(undefined);
  const said = `${config.name} answered ${status}`;
  if (status >= 400 && status <= 499 && !PASSING.has(status))
    return problem(
      "refused",
      said,
      "check the address and the secret of this webhook, and what its receiver expects",
    );
  if (status >= 300 && status <= 399 && headers["location"] !== undefined)
    return problem("unreachable", `${said} (a redirect, not followed)`, "give the address that it leads to");
  return problem("unreachable", said, "it is tried again; look at the receiver if this goes on");
}

/** Only the kind of failure: the client's own words name the address. */
function silent(config: WebhookConfig, code: string): Result<never> {
  if (code === "usage")
    return problem(
      "refused",
      `the address of ${config.name} is not an http address`,
      "correct it in lastgood.yml",
    );
  const why = code === "timeout" ? "did not answer in time" : "can't be reached";
  return problem(
    "unreachable",
    `${config.name} ${why}`,
    "it is tried again; check the address and the network",
  );
}

/** Keys are plain already; this keeps a foreign one from ending the header. */
function headerSafe(key: string): string {
  return key.replace(/[^\x21-\x7e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}
