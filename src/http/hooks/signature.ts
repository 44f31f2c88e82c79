// Proofs that a request is from who knows a secret: signatures with and without a time, tokens, passwords.
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import type { Secret } from "../../core/secret.ts";

/** Stripe's, Slack's and Standard Webhooks' own figure, in both directions: a time in the future is no better. */
export const toleranceMs = 300_000;

/** Takes as long whatever is different. */
export function same(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

export function hmac(key: string | Uint8Array, parts: readonly (string | Uint8Array)[]): Buffer {
  const signing = createHmac("sha256", key);
  for (const part of parts) signing.update(part);
  return signing.digest();
}

export function hmacHex(secret: Secret, parts: readonly (string | Uint8Array)[]): string {
  return hmac(secret.reveal(), parts).toString("hex");
}

/** Any of them may be right: senders sign with the old and the new secret while one is changed. All are compared. */
export function anySame(shown: readonly string[], right: string): boolean {
  return shown.filter((one) => same(one, right)).length > 0;
}

/** Why a time that was signed is not believed; null where it is. `seconds` as the sender wrote it. */
export function wrongTime(seconds: string, nowMs: number): string | null {
  if (!/^\d{1,12}$/.test(seconds)) return "the time of the signature is missing or no number";
  const apartMs = Math.abs(nowMs - Number(seconds) * 1_000);
  return apartMs <= toleranceMs
    ? null
    : `the signature is ${Math.round(apartMs / 1_000)} s away from our clock; ${toleranceMs / 1_000} s are allowed`;
}

/** `Authorization: Bearer <secret>`, or Basic with `user:password` as the secret. */
export function refuseToken(authorization: string | undefined, secret: Secret): string | null {
  if (authorization === undefined) return "there is no Authorization header";
  const expected = secret.reveal();
  const basic = Buffer.from(expected, "utf8").toString("base64");
  const shown = authorization.replace(/^(bearer|basic) +/i, (scheme) => `${scheme.trim().toLowerCase()} `);
  return anySame([`bearer ${expected}`, `basic ${basic}`], shown) ? null : "the token is not the one we know";
}
