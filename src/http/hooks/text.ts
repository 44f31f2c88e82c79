// What strangers write, made fit to be kept and shown: one line, no control characters, bounded.
import { problem, type Result } from "../../core/result.ts";
import type { SignalEvent } from "../../core/signals/event.ts";
import type { Request } from "./desk.ts";

const lineCharacters = 300;
const subjectCharacters = 120;
const idCharacters = 200;
/** Control and text-direction characters, which could deceive on a terminal. */
const deceiving = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g;

export function line(text: string, characters = lineCharacters): string {
  const plain = text.replace(deceiving, " ").trim();
  return plain.length > characters ? `${plain.slice(0, characters - 1)}…` : plain;
}

export function subject(text: string): string {
  return line(text, subjectCharacters);
}

export function id(text: string): string {
  return line(text, idCharacters);
}

/** `usage` where the body is no JSON object. */
export function json(request: Request): Result<unknown> {
  try {
    return { ok: true, value: JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(request.raw)) };
  } catch {
    return problem("usage", "the body is no JSON", "Send what the documentation of this sender says.");
  }
}

export function notUnderstood(what: string): Result<never> {
  return problem("usage", what, "Send what the documentation of this sender says.");
}

/** A time as text or as seconds; now where it is none, because senders' clocks are not ours to judge. */
export function timeOf(value: string | number | null | undefined, nowMs: number): number {
  const ms = typeof value === "number" ? value * 1_000 : Date.parse(value ?? "");
  return Number.isFinite(ms) && ms > 0 ? ms : nowMs;
}

const severities: Readonly<Record<string, NonNullable<SignalEvent["severity"]>>> = {
  info: "info",
  debug: "info",
  low: "info",
  none: "info",
  warning: "warning",
  warn: "warning",
  error: "error",
  high: "error",
  critical: "critical",
  fatal: "critical",
  page: "critical",
};

/** In our words; nothing where the sender's word is not known. */
export function severity(word: string | null | undefined): Pick<SignalEvent, "severity"> {
  const known = severities[(word ?? "").toLowerCase()];
  return known === undefined ? {} : { severity: known };
}
