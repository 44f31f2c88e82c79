// Scans a line of JSON where it stands. Only what is surely JSON and surely understood; the rest is left to JSON.parse.

import { findQuote } from "../scan.ts";
import { emptySpans, type LogSpans } from "../spans.ts";
import { isLine, type JsonTree, takeNumber } from "./tree.ts";

const newline = 10;
const space = 32;
const quote = 34;
const comma = 44;
const minus = 45;
const dot = 46;
const zero = 48;
const nine = 57;
const colon = 58;
const openList = 91;
const backslash = 92;
const closeList = 93;
const open = 123;
const close = 125;
const deepest = 32;
/** It cannot be told here. */
const odd = -1;

const words = ["true", "false", "null"].map((word) => Buffer.from(word));
const [, , nothing] = words;

export type JsonScan = {
  /** The place after the line, in bytes that `spans` looks at; -1: odd. CHANGES `spans`. */
  read(bytes: Buffer, at: number, spans: LogSpans): number;
  /** Which of the places of that line have escapes in them, as bits. */
  escapes(): number;
};

/** The line at hand. */
type Scan = {
  bytes: Buffer;
  view: DataView;
  spans: LogSpans;
  escapes: number;
  /** Bits of the wanted keys that were met. */
  seen: number;
  depth: number;
};

export function jsonScan(tree: JsonTree): JsonScan {
  const spans = emptySpans();
  const scan: Scan = { bytes: spans.bytes, view: spans.view, spans, escapes: 0, seen: 0, depth: 0 };
  return {
    escapes: () => scan.escapes,
    read(bytes, from, into) {
      scan.bytes = bytes;
      scan.view = into.view;
      scan.spans = into;
      scan.escapes = 0;
      scan.seen = 0;
      scan.depth = 0;
      if (bytes[from] !== open) return odd;
      const end = object(scan, from + 1, tree);
      // Something after the object: two lines that ran into each other.
      if (end < 0 || (end < bytes.length && bytes[end] !== newline)) return odd;
      return isLine(into) ? end : odd;
    },
  };
}

/** Behind the object whose inside begins at `from`. */
function object(scan: Scan, from: number, node: JsonTree | null): number {
  const { bytes, view } = scan;
  let at = from;
  if (bytes[at] === close) return at + 1;
  for (;;) {
    if (bytes[at] !== quote) return odd;
    const end = findQuote(view, at + 1, bytes.length);
    // A key with a backslash may be a wanted one in disguise.
    if (bytes[end] !== quote || bytes[end + 1] !== colon) return odd;
    const below = node === null || node.keys.length === 0 ? null : childOf(bytes, node, at + 1, end);
    if (below !== null) {
      // Of two the last one counts.
      if ((scan.seen & below.bit) !== 0) return odd;
      scan.seen |= below.bit;
    }
    at = value(scan, afterSpace(bytes, end + 2), below);
    if (at < 0) return odd;
    const next = bytes[at];
    if (next === close) return at + 1;
    if (next !== comma) return odd;
    at = afterSpace(bytes, at + 1);
  }
}

function list(scan: Scan, from: number, node: JsonTree | null): number {
  const { bytes } = scan;
  let at = from;
  if (bytes[at] === closeList) return at + 1;
  for (let wanted = node; ; wanted = null) {
    at = value(scan, at, wanted);
    if (at < 0) return odd;
    const next = bytes[at];
    if (next === closeList) return at + 1;
    if (next !== comma) return odd;
    at = afterSpace(bytes, at + 1);
  }
}

function afterSpace(bytes: Buffer, at: number): number {
  return bytes[at] === space ? at + 1 : at;
}

function childOf(bytes: Buffer, { keys }: JsonTree, from: number, to: number): JsonTree | null {
  for (let k = 0; k < keys.length; k += 1) {
    const { bytes: key, tree: child } = keys[k] as (typeof keys)[number];
    if (key.length === to - from && key[0] === bytes[from] && stands(bytes, key, from)) return child;
  }
  return null;
}

function stands(bytes: Buffer, word: Buffer, from: number): boolean {
  for (let i = 0; i < word.length; i += 1) if (bytes[from + i] !== word[i]) return false;
  return true;
}

function value(scan: Scan, at: number, node: JsonTree | null): number {
  const first = scan.bytes[at] as number;
  if (first === quote) return text(scan, at + 1, node);
  if (first === open || first === openList) {
    if (scan.depth >= deepest) return odd;
    scan.depth += 1;
    const end = first === open ? object(scan, at + 1, node) : list(scan, at + 1, node);
    scan.depth -= 1;
    return end;
  }
  return first === minus || (first >= zero && first <= nine) ? number(scan, at, node) : word(scan, at, node);
}

function text(scan: Scan, from: number, node: JsonTree | null): number {
  const { bytes, view } = scan;
  let end = findQuote(view, from, bytes.length);
  const escaped = bytes[end] === backslash;
  while (bytes[end] === backslash) {
    const length = escapeLength(bytes, end + 1);
    if (length === 0) return odd;
    end = findQuote(view, end + 1 + length, bytes.length);
  }
  if (bytes[end] !== quote) return odd;
  if (node === null || node.slot === null) return end + 1;
  if (node.place >= 0) {
    if (escaped) scan.escapes |= 1 << node.place;
    put(scan, node, from, end);
  } else if (escaped) return odd;
  else takeNumber(scan.spans, node, bytes, from, end, true);
  return end + 1;
}

function put({ spans }: Scan, { place }: JsonTree, from: number, to: number): void {
  const span = spans.all[place] as (typeof spans.all)[number];
  span.from = from;
  span.to = to;
}

/** Bytes of the escape behind the backslash; 0: it is none. */
function escapeLength(bytes: Buffer, at: number): number {
  if (bytes[at] !== letterU) return simple.includes(bytes[at] as number) ? 1 : 0;
  for (let i = at + 1; i <= at + 4; i += 1) if (!isHex(bytes[i] as number)) return 0;
  return 5;
}

function digits(bytes: Buffer, from: number): number {
  let at = from;
  while ((bytes[at] as number) >= zero && (bytes[at] as number) <= nine) at += 1;
  return at;
}

function number(scan: Scan, from: number, node: JsonTree | null): number {
  const { bytes } = scan;
  const whole = bytes[from] === minus ? from + 1 : from;
  const ones = digits(bytes, whole);
  if (ones === whole || (bytes[whole] === zero && ones > whole + 1)) return odd;
  const end = afterExponent(bytes, afterFraction(bytes, ones));
  if (end < 0 || node === null || node.slot === null) return end;
  if (node.place < 0) takeNumber(scan.spans, node, bytes, from, end, false);
  // As a text it is what `String` makes of it, which may be written otherwise.
  else if (whole === from && end === ones && end - from <= 15) put(scan, node, from, end);
  else return odd;
  return end;
}

function afterFraction(bytes: Buffer, at: number): number {
  if (bytes[at] !== dot) return at;
  const end = digits(bytes, at + 1);
  return end === at + 1 ? odd : end;
}

function afterExponent(bytes: Buffer, at: number): number {
  if (at < 0 || ((bytes[at] as number) | 32) !== letterE) return at;
  const first = bytes[at + 1] === minus || bytes[at + 1] === plus ? at + 2 : at + 1;
  const end = digits(bytes, first);
  return end === first ? odd : end;
}

function word(scan: Scan, from: number, node: JsonTree | null): number {
  const found = words.find((one) => stands(scan.bytes, one, from));
  if (found === undefined) return odd;
  const end = from + found.length;
  if (found === nothing || node === null || node.slot === null) return end;
  if (node.place < 0) return odd;
  put(scan, node, from, end);
  return end;
}

const letterE = 101;
const letterU = 117;
const plus = 43;
const simple = [...Buffer.from('"\\/bfnrt')];

function isHex(code: number): boolean {
  const low = code | 32;
  return (code >= zero && code <= nine) || (low >= 97 && low <= 102);
}
