// An answer against what a step expects of it, and what later steps take from it. Pure.
import { canonical, type Json } from "../json.ts";
import { firstMatch } from "./expression.ts";
import type { Capture, FlowStep } from "./flow.ts";
import { at } from "./pointer.ts";

export type Answer = {
  readonly status: number;
  /** Names in small letters. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** From the connection to the last byte, monotonic. */
  readonly ms: number;
};

/** What is wrong with it; null: it is as expected. Values that may be secrets are not repeated. */
export function fault({ expect }: FlowStep, answer: Answer): string | null {
  if (answer.status !== expect.status) return `it gave ${answer.status}, expected ${expect.status}`;
  for (const [name, text] of Object.entries(expect.headers))
    if (!(answer.headers[name.toLowerCase()] ?? "").includes(text))
      return `its header ${name} does not hold "${text}"`;
  for (const text of expect.contains)
    if (!answer.body.includes(text)) return `its body does not hold "${text}"`;
  const pointers = Object.entries(expect.json);
  const document = pointers.length === 0 ? null : parsed(answer.body);
  if (document === undefined) return "its body is no JSON";
  for (const [pointer, value] of pointers) {
    const found = at(document, pointer);
    if (found === undefined) return `it has nothing at ${pointer}`;
    if (canonical(found) !== canonical(value)) return `at ${pointer} it does not have what was expected`;
  }
  if (answer.ms > expect.withinMs)
    return `it took ${Math.round(answer.ms)} ms, at most ${expect.withinMs} ms are allowed`;
  return null;
}

/** The value, or why there is none. */
export function captured(
  capture: Capture,
  answer: Answer,
): { readonly value: string } | { readonly why: string } {
  if ("header" in capture) {
    const value = answer.headers[capture.header.toLowerCase()];
    return value === undefined ? { why: `there is no header ${capture.header}` } : { value };
  }
  if ("match" in capture) {
    const value = firstMatch(capture.match, answer.body);
    return value === null ? { why: "its expression matches nothing" } : { value };
  }
  const document = parsed(answer.body);
  const found = document === undefined ? undefined : at(document, capture.json);
  if (found === undefined || found === null) return { why: `there is nothing at ${capture.json}` };
  return { value: typeof found === "object" ? JSON.stringify(found) : String(found) };
}

const shownKeys = 20;

/** Names of the top level of a JSON answer, sorted: what can be compared without keeping the answer. */
export function keysOf(body: string): string[] {
  const document = parsed(body);
  if (document === null || typeof document !== "object" || Array.isArray(document)) return [];
  return Object.keys(document).sort().slice(0, shownKeys);
}

function parsed(body: string): Json | undefined {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return undefined;
  }
}
