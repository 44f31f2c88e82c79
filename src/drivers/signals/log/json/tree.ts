// Which values of a line of JSON are wanted, by where they stand, and what becomes of each.
import { type LogSpans, type SpanName, spanNames } from "../spans.ts";
import { isoTime } from "../time.ts";
import type { JsonFormat } from "./formats.ts";
import { decimal, thousandths } from "./numbers.ts";

/** What a value is for: one of the line's places, or one of its three numbers. */
export type Slot = SpanName | "time" | "status" | "duration";

export type JsonTree = {
  readonly slot: Slot | null;
  /** Index in `spans.all`; -1: a number, or not wanted itself. */
  readonly place: number;
  /** For `duration`. */
  readonly unitMs: number;
  /** Its own among all of the tree: a key that comes twice is noticed. */
  readonly bit: number;
  /** By key, in Latin-1: one byte, one character. */
  readonly below: ReadonlyMap<string, JsonTree>;
  readonly keys: readonly { readonly bytes: Buffer; readonly tree: JsonTree }[];
};

type Growing = { slot: Slot | null; readonly below: Map<string, Growing> };

/** Keys are joined by dots in the format; of a list the first element is meant. */
export function treeOf(format: JsonFormat): JsonTree {
  const root: Growing = { slot: null, below: new Map() };
  const put = (path: string | null, slot: Slot) => {
    if (path === null) return;
    let node = root;
    for (const key of path.split(".")) {
      const name = Buffer.from(key).toString("latin1");
      const next = node.below.get(name) ?? { slot: null, below: new Map() };
      node.below.set(name, next);
      node = next;
    }
    node.slot ??= slot;
  };
  put(format.time, "time");
  put(format.status, "status");
  put(format.duration, "duration");
  put(format.target, "request");
  put(format.remote, "remote");
  put(format.agent, "agent");
  put(format.upstream, "upstream");
  put(format.release, "release");
  put(format.client, "client");
  let nodes = 0;
  const grown = ({ slot, below }: Growing): JsonTree => {
    const bit = 1 << (nodes % 31);
    nodes += 1;
    const made = new Map([...below].map(([key, one]) => [key, grown(one)] as const));
    const keys = [...made].map(([key, tree]) => ({ bytes: Buffer.from(key, "latin1"), tree }));
    const place = (spanNames as readonly (Slot | null)[]).indexOf(slot);
    return { slot, place, unitMs: format.durationUnitMs, bit, below: made, keys };
  };
  return grown(root);
}

/** A time or number that stands in the bytes; `quoted`: as a text. CHANGES `spans`. */
export function takeNumber(
  spans: LogSpans,
  tree: JsonTree,
  bytes: Buffer,
  from: number,
  to: number,
  quoted: boolean,
): void {
  if (tree.slot === "status") spans.status = decimal(bytes, from, to);
  else if (tree.slot === "duration") {
    const ms = decimal(bytes, from, to) * tree.unitMs;
    // What is no time says nothing about when the request began.
    spans.ms = ms >= 0 && ms < Number.POSITIVE_INFINITY ? ms : 0;
  } else if (quoted) {
    spans.atMs = isoTime(bytes, from, to);
    let dot = from;
    while (dot < to && bytes[dot] !== 46) dot += 1;
    spans.exactMs = dot < to ? 1 : 1_000;
  } else {
    spans.atMs = thousandths(bytes, from, to);
    spans.exactMs = 1;
  }
}

/** Has the line what a line needs? */
export function isLine({ atMs, status }: LogSpans): boolean {
  return atMs > 0 && status >= 0 && status < 1_000;
}
