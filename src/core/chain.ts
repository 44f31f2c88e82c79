// The hash chain over the facts of a journal: how a fact is sealed, linked to the one before, and read back.
import { sha256 } from "./digest.ts";
import { checkEvent, type Event, type NewEvent } from "./event.ts";
import { canonical } from "./json.ts";
import { limits } from "./limits.ts";
import { assert, err, ok, problem, type Result } from "./result.ts";

/** One append is one transaction: more than this at once is a bug of the caller, not history. */
const appendFacts = 1_000;

/** What the first fact of every journal has as `prev`. */
export const genesis = "0".repeat(64);

/** A fact as it is stored: like `Event`, but with its data as canonical JSON text. */
export type Row = {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly mono: number;
  readonly boot: string;
  readonly epoch: number;
  readonly data: string;
  readonly prev: string;
  readonly hash: string;
};

/** What the next fact needs to know of the newest one. */
export type Link = Pick<Row, "seq" | "at" | "mono" | "boot" | "hash">;

export const emptyLink: Link = { seq: 0, at: 0, mono: 0, boot: "", hash: genesis };

/** Now, as facts carry it: wall and monotonic milliseconds, boot, epoch. */
export type Moment = Pick<Row, "at" | "mono" | "boot" | "epoch">;

/** sha256 of `canonical([seq, type, at, mono, boot, epoch, data, prev])`; `data` is canonical text already. */
export function chainHash(row: Omit<Row, "hash">): string {
  const head = `${row.seq},${JSON.stringify(row.type)},${row.at},${row.mono},${JSON.stringify(row.boot)}`;
  return sha256(`[${head},${row.epoch},${row.data},${JSON.stringify(row.prev)}]`);
}

/**
 * Facts as rows that follow `link`, checked and hashed. Where the wall clock has jumped since the newest fact
 * of the same boot, a `clock.jumped` comes first, so there may be one row more than facts.
 * `refused` when a fact is too large. Throws on a fact that does not fit its type: that is a bug.
 */
export function seal(link: Link, moment: Moment, events: readonly NewEvent[]): Result<readonly Row[]> {
  assert(events.length <= appendFacts, `${events.length} facts in one append`);
  const now = { ...moment, at: Math.round(moment.at), mono: Math.round(moment.mono) };
  const rows: Row[] = [];
  let prev = link;
  for (const event of withJump(link, now, events)) {
    const checked = checkEvent(event.type, event.data);
    const data = canonical(checked.data);
    if (tooLarge(data)) return largeFact(event.type, data.length);
    const row = { seq: prev.seq + 1, type: event.type, ...now, data, prev: prev.hash };
    prev = { ...row, hash: chainHash(row) };
    rows.push(prev as Row);
  }
  return ok(rows);
}

/** The facts, with a `clock.jumped` before them where wall and monotonic time have parted. */
export function withJump(link: Link, now: Moment, events: readonly NewEvent[]): readonly NewEvent[] {
  if (events.length === 0 || link.seq === 0 || link.boot !== now.boot) return events;
  const byMs = now.at - link.at - (now.mono - link.mono);
  if (Math.abs(byMs) <= limits.clockJumpMs) return events;
  return [{ type: "clock.jumped", data: { byMs } }, ...events];
}

/** The fact in a row that was sealed a moment ago; a fresh value, equal to what reading it back will give. */
export function sealedFact(row: Row): Event {
  return { ...row, data: JSON.parse(row.data) } as Event;
}

/** The row is as it was sealed. */
export function isIntact(row: Row): boolean {
  return chainHash(row) === row.hash;
}

/** Why a row gives no fact: it was changed since it was sealed, or a newer version wrote it. */
export type Unreadable = { readonly is: "damaged" | "unknown"; readonly why: string };

/** The fact in a row, after its hash and its shape were checked. */
export function unseal(row: Row): Result<Event, Unreadable> {
  if (!isIntact(row)) return err({ is: "damaged", why: `fact ${row.seq} does not match its hash` });
  try {
    const { type, data } = checkEvent(row.type, JSON.parse(row.data));
    return ok({ ...row, type, data } as Event);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err({ is: "unknown", why: `fact ${row.seq} (${row.type}) is not known to this version: ${why}` });
  }
}

/** In words why `row` cannot stand right after `link`; null when it can. */
export function brokenLink(link: Pick<Link, "seq" | "hash">, row: Row): string | null {
  if (row.seq !== link.seq + 1) return `fact ${link.seq + 1} is missing, ${row.seq} comes next`;
  if (row.prev !== link.hash) return `fact ${row.seq} does not follow from fact ${link.seq}`;
  return null;
}

/** Where a whole history, from its first fact on, is broken, in words; null when it is whole. */
export function verifyChain(events: readonly Event[]): string | null {
  let link: Pick<Link, "seq" | "hash"> = emptyLink;
  for (const event of events) {
    const row = { ...event, data: canonical(event.data) };
    const broken = brokenLink(link, row);
    if (broken !== null) return broken;
    if (!isIntact(row)) return `fact ${row.seq} does not match its hash`;
    link = row;
  }
  return null;
}

function tooLarge(data: string): boolean {
  if (data.length * 3 <= limits.eventDataBytes) return false;
  return new TextEncoder().encode(data).length > limits.eventDataBytes;
}

function largeFact(type: string, length: number): Result<never> {
  return problem(
    "refused",
    `a fact of type ${type} has about ${length} bytes; the journal takes ${limits.eventDataBytes}`,
    "shorten what it carries (evidence, output) and record it again",
  );
}
