// nginx's `log_format`, compiled: what lies between two variables tells where the first one ends.
//
// Nothing is matched by regular expressions. Values cannot fake an end: nginx writes quotes in values as \x22
// (escape=default) or \" (escape=json).
import { ok, problem, type Result } from "../../core/result.ts";
import type { LogSpans, Span, SpanReader, Take } from "./log-spans.ts";
import { isoTime, isoTimeChars, localTimeChars, localTimes, secondsAsMs, wholeNumber } from "./log-time.ts";

export type LogEscape = "default" | "json" | "none";

export type LogFormat = {
  readonly format: string;
  readonly escape: LogEscape;
  /** The variable that tells one client from another, such as `$cookie_sid`; null: address and browser do. */
  readonly client: string | null;
};

export const combined: LogFormat = {
  format:
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
  escape: "default",
  client: null,
};

/** Traefik's common log format, in the same words. */
export const traefikCommon: LogFormat = {
  format:
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_count "$router" "$upstream_url" $duration',
  escape: "default",
  client: null,
};

type Step = {
  readonly take: Take | null;
  /** Characters of the value where that is fixed; 0 where it is not. */
  readonly width: number;
  /** What follows the value; empty at the end of the line. */
  readonly literal: Uint8Array;
  /** The value may be a list, with commas or ` : ` between. */
  readonly list: boolean;
};

const variables = /\$(?:\{(\w+)\}|(\w+))/g;
/** Values with spaces in them: without quotes around nobody could tell where they end. */
const spaced = /^(?:request|request_filename|http_(?!host$|x_real_ip$).*|cookie_.*)$/;

export function compileFormat(wanted: LogFormat): Result<SpanReader> {
  const parts = partsOf(wanted.format);
  const unclear = parts.find(({ variable, literal }) => spaced.test(variable) && literal.startsWith(" "));
  if (unclear)
    return refuse(
      `$${unclear.variable} has no quotes around it`,
      `write "$${unclear.variable}" in the log_format`,
    );
  const glued = parts.slice(0, -1).find(({ literal }) => literal === "");
  if (glued)
    return refuse(`nothing stands between $${glued.variable} and what follows`, "put a space between them");
  const names = new Set(parts.map(({ variable }) => variable));
  if (!times.some((one) => names.has(one))) return refuse("it has no time", "add $msec or [$time_local]");
  if (!names.has("status")) return refuse("it has no $status", "add $status");
  const takes = takesOf(names, wanted.client);
  const steps = parts.map(({ variable, literal }) => stepOf(variable, literal, takes));
  return ok(readerOf(wanted.format.slice(0, parts[0]?.at ?? 0), steps, wanted.escape === "json"));
}

const times = ["msec", "time_local", "time_iso8601"];

function refuse(what: string, fix: string): Result<never> {
  return problem("config", `this log_format cannot be read: ${what}`, fix);
}

type Part = { readonly variable: string; readonly literal: string; readonly at: number };

function partsOf(format: string): readonly Part[] {
  const found = [...format.matchAll(variables)];
  return found.map((match, i) => ({
    variable: match[1] ?? match[2] ?? "",
    literal: format.slice(match.index + match[0].length, found[i + 1]?.index ?? format.length),
    at: match.index,
  }));
}

function stepOf(variable: string, literal: string, takes: ReadonlyMap<string, Take>): Step {
  const width = variable === "time_local" ? localTimeChars : variable === "time_iso8601" ? isoTimeChars : 0;
  return {
    take: takes.get(variable) ?? null,
    width,
    literal: Buffer.from(literal, "latin1"),
    list: variable.startsWith("upstream_"),
  };
}

/** What is done with each variable; of several that say the same the better one is taken. */
function takesOf(names: ReadonlySet<string>, client: string | null): ReadonlyMap<string, Take> {
  const local = localTimes();
  const takes = new Map<string, Take>();
  const first = (candidates: readonly string[], take: Take) => {
    const name = candidates.find((one) => names.has(one));
    if (name !== undefined) takes.set(name, take);
  };
  const time = times.find((one) => names.has(one));
  if (time === "msec") takes.set(time, msec);
  if (time === "time_local") {
    takes.set(time, (spans, bytes, from) => {
      spans.exactMs = 1_000;
      spans.atMs = local(bytes, from);
    });
  }
  if (time === "time_iso8601") {
    takes.set(time, (spans, bytes, from, to) => {
      spans.exactMs = 1_000;
      spans.atMs = isoTime(bytes, from, to);
    });
  }
  takes.set("status", (spans, bytes, from, to) => {
    spans.status = wholeNumber(bytes, from, to);
  });
  first(["request_time", "upstream_response_time"], (spans, bytes, from, to) => {
    spans.ms = secondsAsMs(bytes, from, to);
  });
  first(["duration"], (spans, bytes, from, to) => {
    const unit = bytes[to - 1] === letterS && bytes[to - 2] === letterM ? 2 : 0; // `12ms`
    spans.ms = wholeNumber(bytes, from, to - unit);
  });
  first(["request", "request_uri", "uri"], (spans, _, from, to) => put(spans.request, from, to));
  first(["remote_addr", "realip_remote_addr"], (spans, _, from, to) => put(spans.remote, from, to));
  first(["http_user_agent"], (spans, _, from, to) => put(spans.agent, from, to));
  first(["upstream_addr", "upstream_url"], (spans, _, from, to) => put(spans.upstream, from, to));
  const ours = [...names].find((one) => /^lastgood_\w+_release$/.test(one));
  const releases = [...(ours === undefined ? [] : [ours]), "sent_http_x_lastgood_release"];
  first(releases, (spans, _, from, to) => put(spans.release, from, to));
  first(["upstream_http_lastgood_flags", "sent_http_lastgood_flags"], (spans, _, from, to) =>
    put(spans.flags, from, to),
  );
  if (client !== null) {
    first([client.replace(/^\$/, "")], (spans, _, from, to) => put(spans.client, from, to));
  }
  return takes;
}

const letterM = 109;
const letterS = 115;

function put(span: Span, from: number, to: number): void {
  span.from = from;
  span.to = to;
}

/** `971186136.250` */
function msec(spans: LogSpans, bytes: Buffer, from: number, to: number): void {
  spans.exactMs = 1;
  spans.atMs = Math.round(Number(bytes.toString("latin1", from, to)) * 1_000);
}

/** Spans that this format never fills stay empty, so only the others are set anew. */
function readerOf(prefix: string, steps: readonly Step[], escaped: boolean): SpanReader {
  const start = Buffer.from(prefix, "latin1");
  return (bytes, from, spans) => {
    spans.bytes = bytes;
    spans.atMs = Number.NaN;
    spans.ms = 0;
    if (!begins(bytes, from, start)) return -1;
    let at = from + start.length;
    for (let i = 0; i < steps.length; i += 1) {
      const { take, width, literal, list } = steps[i] as Step;
      const end = width > 0 ? fixedEnd(bytes, at, width, literal) : endOf(bytes, at, literal, list, escaped);
      if (end < 0) return -1;
      if (take !== null) take(spans, bytes, at, end);
      at = end + literal.length;
    }
    // What nginx was told to write after our format is not ours to judge; a cut line is noticed by its time.
    return spans.atMs > 0 && spans.status >= 0 && spans.status < 1_000 ? at : -1;
  };
}

const newline = 10;
const space = 32;
const quote = 34;
const comma = 44;
const colon = 58;
const backslash = 92;

function begins(bytes: Buffer, at: number, literal: Uint8Array): boolean {
  for (let i = 0; i < literal.length; i += 1) if (bytes[at + i] !== literal[i]) return false;
  return true;
}

function fixedEnd(bytes: Buffer, at: number, width: number, literal: Uint8Array): number {
  const end = at + width;
  for (let i = at; i < end; i += 1) if (bytes[i] === newline || i >= bytes.length) return -1;
  return begins(bytes, end, literal) ? end : -1;
}

/** Where the value ends that begins at `from`; -1: not on this line. Nothing after the line is ever looked at. */
function endOf(bytes: Buffer, from: number, literal: Uint8Array, list: boolean, escaped: boolean): number {
  const first = literal.length === 0 ? newline : (literal[0] as number);
  const { length } = bytes;
  for (let end = from; ; end += 1) {
    // The hot loop: one comparison a byte in the middle of a value.
    while (end < length && bytes[end] !== first && bytes[end] !== newline) end += 1;
    if (end >= length || bytes[end] === newline) return literal.length === 0 ? end : -1;
    if (literal.length > 1 && !begins(bytes, end, literal)) continue;
    if (escaped && first === quote && isEscaped(bytes, end, from)) continue;
    if (list && first === space && isBetween(bytes, end, from)) continue;
    return end;
  }
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
