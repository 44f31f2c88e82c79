// The kinds of values a config is made of: each reads text, says its unit in what it returns, and names the fix.
import { z } from "zod";
import { refusedExpression } from "../core/flows/expression.ts";
import { isPointer } from "../core/flows/pointer.ts";
import { err, ok, type Result } from "../core/result.ts";
import { durationText, parseDuration, parseShare } from "./duration.ts";
import { quote } from "./errors.ts";

export type Duration = { readonly ms: number };
export type Share = { readonly fraction: number };
/** `host` without the brackets of IPv6. */
export type Listen = { readonly host: string; readonly port: number };
/** Why a value is refused, and what to write instead. */
export type Complaint = { readonly what: string; readonly fix: string };

/** Titles that code looks for: what is resolved against the file's folder, listened on, or may be a secret. */
export const titles = {
  path: "path",
  source: "path with {version}",
  listen: "address to listen on",
  variable: "text for a variable",
} as const;
export const pathTitles: readonly string[] = [titles.path, titles.source];

const weekMs = 7 * 24 * 60 * 60_000;
const pathCharacters = 1_024;

/** What editors check as well, by the JSON Schema. What is right for these may still be refused by `read`. */
const patterns = {
  duration: /^\d{1,9}(ms|s|m|h)$/,
  share: /^\d{1,3}(\.\d{1,4})?%$/,
  listen: /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):\d{1,5}$/,
  path: /^[^~$]/,
  source: /^[^{}]*\{version\}[^{}]*$/,
  urlPath: /^\/(?!\/)[\x21-\x7e]*$/,
  flowPath: /^(\/(?!\/)|\{[A-Za-z_][A-Za-z0-9_]*\})[\x21-\x7e]*$/,
  url: /^https?:\/\/[\x21-\x7e]+$/,
  name: /^[a-z0-9][a-z0-9_-]{0,39}$/,
  token: /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/,
  variableName: /^[A-Za-z_][A-Za-z0-9_]{0,200}$/,
  text: /^[^\0]*$/,
  pointer: /^(\/[^\0]*)?$/,
  timeOfDay: /^([01]\d|2[0-3]):[0-5]\d$/,
  zone: /^[A-Za-z0-9_+/-]{1,60}$/,
} as const;

type Kind = {
  /** What messages call it, without an article: `duration`. */
  readonly title: string;
  readonly example: string;
  readonly pattern: RegExp;
};

/** Text of a kind that `read` turns into a value. */
function reading<T>(kind: Kind, read: (text: string) => Result<T, Complaint>) {
  const { title, example, pattern } = kind;
  return z
    .string()
    .transform((text, context): T => {
      const result = read(text);
      if (result.ok) return result.value;
      context.addIssue({ code: "custom", message: result.error.what, params: { fix: result.error.fix } });
      return z.NEVER;
    })
    .meta({ title, examples: [example], pattern: pattern.source });
}

/** A refinement of a section says what is wrong and how to mend it; `path` leads to the key to point at. */
export function complain(context: z.RefinementCtx, path: (string | number)[], complaint: Complaint): void {
  context.addIssue({ code: "custom", path, message: complaint.what, params: { fix: complaint.fix } });
}

/** From `fromMs` to a week: longer than that, timers of the runtime overflow (2^31 ms). */
export function duration(fromMs = 0) {
  return reading<Duration>({ title: "duration", example: "30s", pattern: patterns.duration }, (text) => {
    const ms = parseDuration(text);
    if (ms === null) {
      return refuse(
        `${quote(text)} is not a duration`,
        "write a whole number and ms, s, m or h, such as 30s",
      );
    }
    if (ms >= fromMs && ms <= weekMs) return ok({ ms });
    const range = `${durationText(fromMs)} to ${durationText(weekMs)}`;
    return refuse(`${quote(text)} is out of range`, `write a duration from ${range}`);
  });
}

/** More than 0 % and less than 100 %. */
export function share() {
  return reading<Share>({ title: "percentage", example: "1%", pattern: patterns.share }, (text) => {
    const fraction = parseShare(text);
    if (fraction === null)
      return refuse(`${quote(text)} is not a percentage`, "write a number and %, such as 1%");
    if (fraction > 0 && fraction < 1) return ok({ fraction });
    return refuse(`${quote(text)} is out of range`, "write more than 0% and less than 100%");
  });
}

/** `host:port`, IPv6 in brackets. `anyPort` allows 0, which takes a port that is free. */
export function listen(options: { readonly anyPort: boolean } = { anyPort: false }) {
  return reading<Listen>(
    { title: titles.listen, example: "127.0.0.1:8080", pattern: patterns.listen },
    (text) => {
      if (!patterns.listen.test(text)) {
        const fix = /^:?\d{1,5}$/.test(text)
          ? `127.0.0.1:${text.replace(":", "")}`
          : "such as 127.0.0.1:8080";
        return refuse(`${quote(text)} is not host:port`, `write ${fix}`);
      }
      const colon = text.lastIndexOf(":");
      const host = text.slice(0, colon).replace(/^\[|\]$/g, "");
      const port = Number(text.slice(colon + 1));
      if (port <= 65_535 && (port > 0 || options.anyPort)) return ok({ host, port });
      return refuse(`port ${port} cannot be used`, "write a port from 1 to 65535");
    },
  );
}

/** A file or folder, relative to the config file or absolute. Nothing in it is filled in or expanded. */
export function path(example: string) {
  return reading<string>({ title: titles.path, example, pattern: patterns.path }, readPath);
}

/** A folder whose path has `{version}` in it, once. */
export function sourcePath() {
  return reading<string>(
    { title: titles.source, example: "releases/{version}", pattern: patterns.source },
    (text) => {
      const fix = "write {version} once where the version stands, such as releases/{version}";
      const slots = text.match(/\{[^}]*\}?/g) ?? [];
      if (slots.length === 0) return refuse(`${quote(text)} is the same folder for every version`, fix);
      if (slots.length > 1 || slots[0] !== "{version}")
        return refuse(`${quote(text)} needs {version} once and no other braces`, fix);
      return readPath(text);
    },
  );
}

/** Where a request goes: begins with a slash, no host, no spaces. */
export function urlPath(example: string) {
  return reading<string>({ title: "URL path", example, pattern: patterns.urlPath }, (text) => {
    if (patterns.urlPath.test(text)) return ok(text);
    return refuse(`${quote(text)} is not a URL path`, `write what follows the host, such as ${example}`);
  });
}

/** The same, with variables in it; one that is a whole address may stand first. */
export function flowPath(example: string) {
  return reading<string>({ title: "URL path", example, pattern: patterns.flowPath }, (text) => {
    if (patterns.flowPath.test(text)) return ok(text);
    return refuse(`${quote(text)} is not a URL path`, `write what follows the host, such as ${example}`);
  });
}

/** http or https, without a password in it. */
export function url(example: string) {
  return reading<string>({ title: "URL", example, pattern: patterns.url }, (text) => {
    if (!patterns.url.test(text) || !URL.canParse(text)) {
      return refuse(
        `${quote(text)} is not a URL`,
        `write http:// or https:// and a host, such as ${example}`,
      );
    }
    const { username, password } = new URL(text);
    if (username === "" && password === "") return ok(text);
    return refuse(
      "a URL here must not hold a user or password",
      "remove what stands before the @, and put secrets into files",
    );
  });
}

/** What apps, environments and services are called: safe as a file name, in a URL and on a command line. */
export function name(example: string) {
  return reading<string>({ title: "name", example, pattern: patterns.name }, (text) => {
    if (patterns.name.test(text)) return ok(text);
    const fix = `write up to 40 of a-z, 0-9, - and _, such as ${example}`;
    return refuse(`${quote(text)} cannot be a name`, fix);
  });
}

/** The name of a header or cookie, by the token rule of RFC 9110. */
export function token(title: string, example: string) {
  return reading<string>({ title, example, pattern: patterns.token }, (text) => {
    if (patterns.token.test(text)) return ok(text);
    return refuse(
      `${quote(text)} cannot be a ${title}`,
      `write letters, digits and dashes, such as ${example}`,
    );
  });
}

export function variableName() {
  return reading<string>(
    { title: "name of a variable", example: "NODE_ENV", pattern: patterns.variableName },
    (text) => {
      if (patterns.variableName.test(text)) return ok(text);
      return refuse(
        `${quote(text)} cannot be the name of a variable`,
        "write letters, digits and _, such as NODE_ENV",
      );
    },
  );
}

export function variable() {
  return reading<string>({ title: titles.variable, example: "production", pattern: patterns.text }, (text) =>
    text.includes("\0") ? refuse("a variable cannot hold a NUL character", "remove it") : ok(text),
  );
}

/** One argument of a command. */
export function argument() {
  return reading<string>({ title: "text", example: "server.js", pattern: patterns.text }, (text) =>
    text.includes("\0") ? refuse("an argument cannot hold a NUL character", "remove it") : ok(text),
  );
}

/** One word or line of a form that `pattern` says; `title` begins with a consonant. */
export function text(title: string, example: string, pattern: RegExp) {
  return reading<string>({ title, example, pattern }, (given) =>
    pattern.test(given)
      ? ok(given)
      : refuse(`${quote(given)} cannot be a ${title}`, `write one such as ${example}`),
  );
}

/** Minutes since midnight. */
export function timeOfDay(example: string) {
  return reading<number>({ title: "time of day", example, pattern: patterns.timeOfDay }, (text) => {
    if (!patterns.timeOfDay.test(text))
      return refuse(`${quote(text)} is not a time of day`, `write hours and minutes, such as ${example}`);
    const [hours, minutes] = text.split(":").map(Number);
    return ok((hours ?? 0) * 60 + (minutes ?? 0));
  });
}

/** A place whose clock counts, by its name in the IANA database. */
export function zone() {
  return reading<string>({ title: "time zone", example: "Europe/Berlin", pattern: patterns.zone }, (text) => {
    const refusal = refuse<string>(
      `${quote(text)} is not a time zone`,
      "write one such as Europe/Berlin or UTC",
    );
    if (!patterns.zone.test(text)) return refusal;
    try {
      new Intl.DateTimeFormat("en", { timeZone: text });
      return ok(text);
    } catch {
      return refusal;
    }
  });
}

/** A place in a JSON document, as RFC 6901 writes it. */
export function pointer(example: string) {
  return reading<string>({ title: "JSON pointer", example, pattern: patterns.pointer }, (text) =>
    isPointer(text)
      ? ok(text)
      : refuse(`${quote(text)} is not a JSON pointer`, `write a path such as ${example}`),
  );
}

/** A regular expression that cannot take long: every repetition has an upper bound. */
export function expression(example: string) {
  return reading<string>({ title: "regular expression", example, pattern: patterns.text }, (text) => {
    const refused = refusedExpression(text);
    return refused ? refuse(refused.what, refused.fix) : ok(text);
  });
}

/** A whole number, both ends included. */
export function count(from: number, to: number) {
  return z
    .int()
    .min(from)
    .max(to)
    .meta({ title: `whole number from ${from} to ${to}` });
}

function readPath(text: string): Result<string, Complaint> {
  if (text === "" || text.length > pathCharacters)
    return refuse("this is not a path", "name a file or folder");
  if (/[\u0000-\u001f\u007f]/.test(text))
    return refuse("a path cannot hold control characters", "remove them");
  if (text.startsWith("~")) return refuse(`${quote(text)}: ~ is not expanded`, "write the whole path");
  if (text.includes("$"))
    return refuse(`${quote(text)}: variables are not filled in`, "write the path itself");
  return ok(text);
}

function refuse<T>(what: string, fix: string): Result<T, Complaint> {
  return err({ what, fix });
}

/** A password that is written out in a URL: anything between `:` and `@` of the user's part that is not `${NAME}`. */
export function hasPassword(url: string): boolean {
  return /^[a-z]+:\/\/[^/@]*:(?!\$\{\w+\}@)[^/@]+@/i.test(url);
}
