// Reads a line value by value, as a compiled `log_format` says: each ends where what follows it begins.
import { below, findBelow, findEither } from "./scan.ts";
import { lookAt, type SpanName, type SpanReader, spanNames, type Take } from "./spans.ts";

/** What to do with one value. */
export type Value = {
  /** Which of the line's places it is; null: none. */
  readonly place: SpanName | null;
  readonly take: Take | null;
  /** Its bytes where their number is fixed; 0 where it is not. */
  readonly width: number;
  /** What follows it; empty at the end of the line. */
  readonly literal: string;
  /** It may be a list, with commas or ` : ` between. */
  readonly list: boolean;
};

type Step = {
  /** Index in `spans.all`; -1: none. */
  readonly place: number;
  readonly take: Take | null;
  readonly width: number;
  readonly literal: Uint8Array;
  readonly chars: number;
  /** The first byte of that, or the line's end. */
  readonly first: number;
  /** How that byte is looked for; a bound of 0: side by side with the line's end. */
  readonly flip: number;
  readonly bound: number;
  /** Its first four bytes, and which bits of a word they are where there are fewer. */
  readonly word: number;
  readonly mask: number;
  /** Not every such byte is the end. */
  readonly doubtful: boolean;
  readonly list: boolean;
  readonly escaped: boolean;
};

const newline = 10;
const space = 32;
const quote = 34;
const comma = 44;
const colon = 58;
const backslash = 92;

/** `prefix`: what stands before the first value. `escaped`: quotes in values are written as `\"`. */
export function readerOf(prefix: string, values: readonly Value[], escaped: boolean): SpanReader {
  const start = Buffer.from(prefix, "latin1");
  const steps = values.map((value) => stepOf(value, escaped));
  return (bytes, from, spans) => {
    lookAt(spans, bytes);
    // Places that this format never fills stay empty, so only the others are set anew.
    spans.atMs = Number.NaN;
    spans.ms = 0;
    if (!begins(bytes, from, start)) return -1;
    let at = from + start.length;
    for (let i = 0; i < steps.length; i += 1) {
      const step = steps[i] as Step;
      const { place, take } = step;
      const end = step.width > 0 ? fixedEnd(bytes, spans.view, at, step) : endOf(bytes, spans.view, at, step);
      if (end < 0) return -1;
      if (place >= 0) {
        const span = spans.all[place] as (typeof spans.all)[number];
        span.from = at;
        span.to = end;
      } else if (take !== null) {
        take(spans, at, end);
        // What was no time may have reached into the next line.
        if (step.width > 0 && Number.isNaN(spans.atMs)) return -1;
      }
      at = end + step.chars;
    }
    // What nginx was told to write after our format is not ours to judge; a cut line is noticed by its time.
    return spans.atMs > 0 && spans.status >= 0 && spans.status < 1_000 ? at : -1;
  };
}

function stepOf({ place, take, width, literal: text, list }: Value, escaped: boolean): Step {
  const literal = Buffer.from(text, "latin1");
  const first = literal.length === 0 ? newline : (literal[0] as number);
  const doubtful = literal.length > 1 || (escaped && first === quote) || (list && first === space);
  const index = place === null ? -1 : spanNames.indexOf(place);
  const four = Buffer.concat([literal, Buffer.alloc(4)], 4);
  const mask = literal.length < 4 ? (1 << (8 * literal.length)) - 1 : -1;
  return {
    ...{ place: index, take, width, literal, chars: literal.length, first, word: four.readInt32LE(), mask },
    ...{ doubtful, list, escaped, ...(below(first) ?? { flip: 0, bound: 0 }) },
  };
}

/** Does what follows the value stand at `at`? */
function follows(bytes: Buffer, view: DataView, at: number, step: Step): boolean {
  if (at + 4 > bytes.length) return begins(bytes, at, step.literal);
  if ((view.getInt32(at, true) & step.mask) !== step.word) return false;
  return step.chars <= 4 || begins(bytes, at, step.literal);
}

function begins(bytes: Buffer, at: number, literal: Uint8Array): boolean {
  for (let i = 0; i < literal.length; i += 1) if (bytes[at + i] !== literal[i]) return false;
  return true;
}

/** A value that is taken is read as a time, and refused where the line ends in it. */
function fixedEnd(bytes: Buffer, view: DataView, at: number, step: Step): number {
  const end = at + step.width;
  if (end > bytes.length || !follows(bytes, view, end, step)) return -1;
  if (step.take === null) for (let i = at; i < end; i += 1) if (bytes[i] === newline) return -1;
  return end;
}

/** Where the value ends that begins at `from`; -1: not on this line. Nothing after the line is ever looked at. */
function endOf(bytes: Buffer, view: DataView, from: number, step: Step): number {
  const { first, flip, bound } = step;
  const { length } = bytes;
  for (let at = from; ; at += 1) {
    at =
      bound === 0 ? findEither(view, at, length, first, newline) : findBelow(view, at, length, flip, bound);
    const found = at < length ? bytes[at] : newline;
    if (found === newline) return first === newline ? at : -1;
    if (found !== first) continue;
    if (!step.doubtful || (follows(bytes, view, at, step) && isEnd(bytes, from, at, step))) return at;
  }
}

/** What looks like the end may be a piece of the value. */
function isEnd(bytes: Buffer, from: number, at: number, { first, list, escaped }: Step): boolean {
  if (escaped && first === quote && isEscaped(bytes, at, from)) return false;
  return !(list && first === space && isBetween(bytes, at, from));
}

/** In a list, `, ` and ` : ` stand between two values. */
function isBetween(bytes: Buffer, at: number, from: number): boolean {
  const before = at > from ? bytes[at - 1] : 0;
  return before === comma || before === colon || (bytes[at + 1] === colon && bytes[at + 2] === space);
}

/** An odd number of backslashes before it. */
function isEscaped(bytes: Buffer, at: number, from: number): boolean {
  let count = 0;
  for (let i = at - 1; i >= from && bytes[i] === backslash; i -= 1) count += 1;
  return count % 2 === 1;
}
