// Reading facts back, each checked against its hash and its neighbours.
import { brokenLink, genesis, type Link, type Row, unseal } from "../core/chain.ts";
import type { Event, EventType } from "../core/event.ts";
import type { Guard } from "./guard.ts";
import type { Rows } from "./rows.ts";

type Head = Pick<Link, "seq" | "hash">;

/** Facts with seq > `after`. Also stops the journal where facts are missing that the head says are there. */
export function readFacts(
  rows: Rows,
  guard: Guard,
  head: Head,
  after: number,
  limit: number,
): readonly Event[] {
  guard.check();
  const start = Math.max(0, after);
  if (start >= head.seq || limit < 1) return [];
  // The fact before the first one is read too: its hash is the anchor of the chain.
  const anchored = start > 0;
  const found = guard.read(() => rows.from(anchored ? start : 1, anchored ? limit + 1 : limit));
  if (!found.ok) return guard.stop(found.error);
  const [anchor, wanted] = anchored ? [found.value[0], found.value.slice(1)] : [null, found.value];
  if (anchor === undefined || (anchor && anchor.seq !== start)) return guard.stop(`fact ${start} is missing`);
  let before: Head = anchor ?? { seq: 0, hash: genesis };
  const events: Event[] = [];
  for (const row of wanted) {
    events.push(fact(row, guard, head, brokenLink(before, row)));
    before = row;
  }
  if (wanted.length < Math.min(limit, head.seq - start)) guard.stop(`fact ${before.seq + 1} is missing`);
  return events;
}

/** The newest facts of some types below `before`, newest first. The index finds them; each is checked by its hash. */
export function newestFacts(
  rows: Rows,
  guard: Guard,
  head: Head,
  types: readonly EventType[],
  before: number,
  limit: number,
): readonly Event[] {
  guard.check();
  if (limit < 1) return [];
  const found = guard.read(() => types.flatMap((type) => rows.newest(type, before, limit)));
  const seqs = [...new Set(found)].sort((a, b) => b - a).slice(0, limit);
  return seqs.map((seq) => {
    const row = guard.read(() => rows.one(seq));
    if (!row.ok) return guard.stop(row.error);
    if (row.value === null) return guard.stop(`fact ${seq} is missing`);
    const event = fact(row.value, guard, head, null);
    return types.includes(event.type)
      ? event
      : guard.stop(`fact ${seq} is not of the type it is filed under`);
  });
}

function fact(row: Row, guard: Guard, head: Head, broken: string | null): Event {
  if (broken !== null) return guard.stop(broken);
  if (row.seq > head.seq) return guard.stop(`fact ${row.seq} stands after the newest one, ${head.seq}`);
  if (row.seq === head.seq && row.hash !== head.hash)
    return guard.stop(`fact ${row.seq} is not the newest one written`);
  const event = unseal(row);
  return event.ok ? event.value : guard.stop(event.error.why);
}
