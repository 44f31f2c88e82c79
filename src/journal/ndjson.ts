// A fact as one line of JSON: the copy beside the journal, and `log export`.
import { isIntact, type Row } from "../core/chain.ts";
import type { Event } from "../core/event.ts";
import { canonical } from "../core/json.ts";

/** Canonical JSON of the fact, without the line end. */
export function lineOf(row: Row): string {
  const { at, boot, data, epoch, hash, mono, prev, seq, type } = row;
  const text = (value: string): string => JSON.stringify(value);
  return `{"at":${at},"boot":${text(boot)},"data":${data},"epoch":${epoch},"hash":${text(hash)},"mono":${mono},"prev":${text(prev)},"seq":${seq},"type":${text(type)}}`;
}

export function lineOfEvent(event: Event): string {
  return lineOf({ ...event, data: canonical(event.data) });
}

/** The fact in a line; null where it is not whole, or does not match its own hash. */
export function rowOfLine(line: string): Row | null {
  const parsed = parse(line);
  const { seq, type, at, mono, boot, epoch, prev, hash } = parsed;
  if (![seq, at, mono, epoch].every(Number.isSafeInteger)) return null;
  if (![type, boot, prev, hash].every((value) => typeof value === "string")) return null;
  const row = { seq, type, at, mono, boot, epoch, data: canonical(parsed["data"]), prev, hash } as Row;
  return isIntact(row) ? row : null;
}

function parse(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    return value !== null && typeof value === "object" ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
