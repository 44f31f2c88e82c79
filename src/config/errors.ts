// What a wrong config file is answered with: where, what, and the fix; all of it at once.
import { blot } from "./secret-names.ts";

/** More are counted, not listed: a broken file of this kind is read from the top anyway. */
const listedErrors = 100;
const shownErrors = 50;
const shownColumns = 120;
const quotedCharacters = 60;
/** Control characters, line separators, and marks that turn the direction of text: a terminal obeys them. */
const unprintable = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Keys from the top of the file to a value; list items by index from 0. */
export type Path = readonly (string | number)[];
/** Character offsets in the text, end excluded. */
export type Span = { readonly start: number; readonly end: number };
/** A mistake before it is turned into lines and columns. `suggestion` is a key, a value or a whole path. */
export type Mistake = {
  readonly path: Path;
  readonly span: Span;
  readonly what: string;
  readonly fix: string;
  readonly suggestion: string | null;
};

export type ConfigError = {
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 units. */
  readonly column: number;
  /** Such as `environments.production.smoke[0].get`; empty for the file as a whole. */
  readonly path: string;
  readonly what: string;
  /** What was most likely meant: a valid key or value, or the whole path where a key belongs. */
  readonly suggestion: string | null;
  readonly fix: string;
  /** The offending line, or the part around the mistake; secrets are blotted out. */
  readonly source: string;
  /** Where the mistake begins in `source`, from 0, and how many characters it has (at least 1). */
  readonly caret: number;
  readonly width: number;
};

/** Mistakes in file order, each once, with lines, columns and source. */
export function toErrors(mistakes: readonly Mistake[], text: string, file: string): readonly ConfigError[] {
  // An alias shows the same lines at several paths: one mistake there is one error.
  const once = new Map<string, Mistake>();
  for (const mistake of mistakes) {
    const identity = `${mistake.span.start} ${mistake.what}`;
    if (!once.has(identity)) once.set(identity, mistake);
  }
  const sorted = [...once.values()].sort((a, b) => a.span.start - b.span.start);
  const lines = lineTable(text);
  const listed = sorted.slice(0, listedErrors).map((mistake) => toError(mistake, lines, file));
  const next = sorted[listedErrors];
  if (next === undefined) return listed;
  const what = `${sorted.length - listedErrors} more mistakes are not listed`;
  return [...listed, toError({ ...next, what, suggestion: null, fix: "mend these first" }, lines, file)];
}

/** The errors as a block for a terminal: place, line with a caret below, fix. */
export function formatConfigErrors(errors: readonly ConfigError[]): string {
  const blocks = errors.slice(0, shownErrors).map(formatOne);
  const rest = errors.length - blocks.length;
  if (rest > 0) blocks.push(`and ${rest} more\n`);
  return blocks.join("\n");
}

/** `a.b[0]["odd key"]`. */
export function pathText(path: Path): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    if (part === "[]") return `${text}[]`;
    const key = printable(part.slice(0, quotedCharacters));
    if (!/^(<name>|[\w-]+)$/.test(key)) return `${text}[${JSON.stringify(key)}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}

/** A piece of the user's text for a message: in backticks, short, harmless to a terminal, secrets blotted out. */
export function quote(text: string): string {
  const clean = blot(printable(text));
  return `\`${clean.length > quotedCharacters ? `${clean.slice(0, quotedCharacters)}…` : clean}\``;
}

/** Replaced one for one, so that a caret below the text still points at the right place. */
function printable(text: string): string {
  return text.replaceAll("\t", " ").replace(unprintable, "?");
}

type Line = { readonly start: number; readonly text: string };

function lineTable(text: string): readonly Line[] {
  let start = 0;
  return text.split("\n").map((line) => {
    const entry = { start, text: line.endsWith("\r") ? line.slice(0, -1) : line };
    start += line.length + 1;
    return entry;
  });
}

function toError(mistake: Mistake, lines: readonly Line[], file: string): ConfigError {
  const { path, span, what, suggestion, fix } = mistake;
  const found = lines.findLastIndex((line) => line.start <= span.start);
  const line = lines[found] ?? { start: 0, text: "" };
  const offset = Math.min(span.start - line.start, line.text.length);
  const from = line.text.length <= shownColumns ? 0 : Math.max(0, offset - shownColumns / 2);
  const source = blot(printable(line.text)).slice(from, from + shownColumns);
  const caret = offset - from;
  const width = Math.max(1, Math.min(span.end - span.start, source.length - caret));
  const place = { line: found + 1, column: offset + 1, path: pathText(path) };
  return { file, ...place, what, suggestion, fix, source, caret, width };
}

function formatOne(error: ConfigError): string {
  const number = String(error.line);
  const margin = " ".repeat(number.length);
  const place = `${printable(error.file)}:${error.line}:${error.column}`;
  return [
    error.path === "" ? place : `${place}  ${error.path}`,
    `  ${error.what}`,
    `  ${number} | ${error.source}`,
    `  ${margin} | ${" ".repeat(error.caret)}${"^".repeat(error.width)}`,
    `  fix: ${error.fix}`,
    "",
  ].join("\n");
}
