// nginx's `log_format`, compiled: what lies between two variables tells where the first one ends.
//
// Nothing is matched by regular expressions. Values cannot fake an end: nginx writes quotes in values as \x22
// (escape=default) or \" (escape=json).
import { ok, problem, type Result } from "../../../core/result.ts";
import type { LogSpans, SpanName, SpanReader, Take } from "./spans.ts";
import { readerOf, type Value } from "./steps.ts";
import {
  isoTime,
  isoTimeChars,
  localTime,
  localTimeChars,
  rememberedTime,
  secondsAsMs,
  secondsWithMs,
  wholeNumber,
} from "./time.ts";

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
  const takes = takesOf(names);
  const places = placesOf(names, wanted.client);
  const values = parts.map(({ variable, literal }) => toValue(variable, literal, takes, places));
  return ok(readerOf(wanted.format.slice(0, parts[0]?.at ?? 0), values, wanted.escape === "json"));
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

function toValue(
  variable: string,
  literal: string,
  takes: ReadonlyMap<string, Take>,
  places: ReadonlyMap<string, SpanName>,
): Value {
  const width = variable === "time_local" ? localTimeChars : variable === "time_iso8601" ? isoTimeChars : 0;
  const [take, place] = [takes.get(variable) ?? null, places.get(variable) ?? null];
  return { place, take, width, literal, list: variable.startsWith("upstream_") };
}

/** Numbers are read at once; of several variables that say the same the better one is taken. */
function takesOf(names: ReadonlySet<string>): ReadonlyMap<string, Take> {
  const takes = new Map<string, Take>();
  const first = (candidates: readonly string[], take: Take) => {
    const name = candidates.find((one) => names.has(one));
    if (name !== undefined) takes.set(name, take);
  };
  const time = times.find((one) => names.has(one));
  if (time === "msec") takes.set(time, msec);
  if (time === "time_local") takes.set(time, wholeSeconds(localTimeChars, localTime));
  if (time === "time_iso8601") {
    takes.set(
      time,
      wholeSeconds(isoTimeChars, (bytes, from) => isoTime(bytes, from, from + isoTimeChars)),
    );
  }
  takes.set("status", (spans, from, to) => {
    spans.status = wholeNumber(spans.bytes, from, to);
  });
  first(["request_time", "upstream_response_time"], (spans, from, to) => {
    spans.ms = secondsAsMs(spans.bytes, from, to);
  });
  first(["duration"], (spans, from, to) => {
    const { bytes } = spans;
    const unit = bytes[to - 1] === letterS && bytes[to - 2] === letterM ? 2 : 0; // `12ms`
    spans.ms = wholeNumber(bytes, from, to - unit);
  });
  return takes;
}

/** Most lines are of the second of the line before. */
function wholeSeconds(chars: number, read: (bytes: Buffer, from: number) => number): Take {
  const newest = rememberedTime(chars, read);
  return (spans, from) => {
    spans.exactMs = 1_000;
    spans.atMs = newest(spans, from);
  };
}

/** Texts are left where they are. */
function placesOf(names: ReadonlySet<string>, client: string | null): ReadonlyMap<string, SpanName> {
  const places = new Map<string, SpanName>();
  const first = (candidates: readonly string[], place: SpanName) => {
    const name = candidates.find((one) => names.has(one));
    if (name !== undefined) places.set(name, place);
  };
  first(["request", "request_uri", "uri"], "request");
  first(["remote_addr", "realip_remote_addr"], "remote");
  first(["http_user_agent"], "agent");
  first(["upstream_addr", "upstream_url"], "upstream");
  const ours = [...names].find((one) => /^lastgood_\w+_release$/.test(one));
  first([...(ours === undefined ? [] : [ours]), "sent_http_x_lastgood_release"], "release");
  first(["upstream_http_lastgood_flags", "sent_http_lastgood_flags"], "flags");
  if (client !== null) first([client.replace(/^\$/, "")], "client");
  return places;
}

const letterM = 109;
const letterS = 115;

/** `971186136.250` */
function msec(spans: LogSpans, from: number, to: number): void {
  spans.exactMs = 1;
  spans.atMs = secondsWithMs(spans.bytes, from, to);
}
