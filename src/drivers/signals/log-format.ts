// nginx's `log_format`, compiled: what lies between two variables tells where the first one ends.
//
// Nothing is matched by regular expressions. Values cannot fake an end: nginx writes quotes in values as \x22
// (escape=default) or \" (escape=json).
import { ok, problem, type Result } from "../../core/result.ts";
import { clearFields, type LineReader, type Take } from "./log-fields.ts";
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
  readonly literal: string;
  /** The value may be a list, with commas or ` : ` between. */
  readonly list: boolean;
};

const variables = /\$(?:\{(\w+)\}|(\w+))/g;
/** Values with spaces in them: without quotes around nobody could tell where they end. */
const spaced = /^(?:request|request_filename|http_(?!host$|x_real_ip$).*|cookie_.*)$/;

export function compileFormat(wanted: LogFormat): Result<LineReader> {
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
  return { take: takes.get(variable) ?? null, width, literal, list: variable.startsWith("upstream_") };
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
  takes.set(time ?? "", (fields, line, from, to) => {
    fields.exactMs = time === "msec" ? 1 : 1_000;
    if (time === "msec") fields.atMs = Math.round(Number(line.slice(from, to)) * 1_000);
    else fields.atMs = time === "time_local" ? local(line, from) : isoTime(line, from, to);
  });
  takes.set("status", (fields, line, from, to) => {
    fields.status = wholeNumber(line, from, to);
  });
  first(["request_time", "upstream_response_time"], (fields, line, from, to) => {
    fields.ms = secondsAsMs(line, from, to);
  });
  first(["duration"], (fields, line, from, to) => {
    fields.ms = wholeNumber(line, from, line.endsWith("ms", to) ? to - 2 : to); // `12ms`
  });
  first(["request", "request_uri", "uri"], (fields, line, from, to) => {
    fields.request = line.slice(from, to);
  });
  first(["realip_remote_addr", "remote_addr"].toReversed(), (fields, line, from, to) => {
    fields.remote = line.slice(from, to);
  });
  first(["http_user_agent"], (fields, line, from, to) => {
    fields.agent = line.slice(from, to);
  });
  first(["upstream_addr", "upstream_url"], (fields, line, from, to) => {
    fields.upstream = line.slice(from, to);
  });
  const ours = [...names].find((one) => /^lastgood_\w+_release$/.test(one));
  first([...(ours === undefined ? [] : [ours]), "sent_http_x_lastgood_release"], (fields, line, from, to) => {
    fields.release = line.slice(from, to);
  });
  if (client !== null) {
    first([client.replace(/^\$/, "")], (fields, line, from, to) => {
      fields.client = line.slice(from, to);
    });
  }
  return takes;
}

function readerOf(prefix: string, steps: readonly Step[], escaped: boolean): LineReader {
  return (line, fields) => {
    clearFields(fields);
    if (!line.startsWith(prefix)) return false;
    let at = prefix.length;
    for (const { take, width, literal, list } of steps) {
      const end =
        width > 0 ? at + width : literal === "" ? line.length : endOf(line, at, literal, list, escaped);
      if (end < 0 || (width > 0 && !line.startsWith(literal, end))) return false;
      if (take !== null) take(fields, line, at, end);
      at = end + literal.length;
    }
    // What nginx was told to write after our format is not ours to judge; a cut line is noticed by its time.
    return fields.atMs > 0 && fields.status >= 0 && fields.status < 1_000;
  };
}

const backslash = 92;
const comma = 44;
const colon = 58;

function endOf(line: string, from: number, literal: string, list: boolean, escaped: boolean): number {
  let end = line.indexOf(literal, from);
  if (escaped && literal.charCodeAt(0) === 34) {
    while (end > from && isEscaped(line, end, from)) end = line.indexOf(literal, end + 1);
  }
  if (!list || literal.charCodeAt(0) !== 32) return end;
  while (end > 0) {
    const before = line.charCodeAt(end - 1);
    const between = before === comma || before === colon || line.startsWith(" : ", end);
    if (!between) return end;
    end = line.indexOf(literal, end + 1);
  }
  return end;
}

/** An odd number of backslashes before it. */
function isEscaped(line: string, at: number, from: number): boolean {
  let count = 0;
  for (let i = at - 1; i >= from && line.charCodeAt(i) === backslash; i -= 1) count += 1;
  return count % 2 === 1;
}
