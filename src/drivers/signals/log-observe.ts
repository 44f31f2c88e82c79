// Lines of an access log as observations: who asked, what for, how it went, and which release answered.

import type { Observation } from "../../core/detect/finding.ts";
import { sha256 } from "../../core/digest.ts";
import { emptyFields, type LineReader, type LogFields } from "./log-fields.ts";

/** What was routed from a moment on, until the next one's. */
export type Routed = {
  readonly release: string | null;
  readonly url: string | null;
  readonly fromMs: number;
};

export type LineReading = {
  readonly reader: LineReader;
  /** The path without query, with ids folded. */
  readonly foldRoute: (target: string) => string;
};

export type LogObserver = {
  /** What was routed when, newest first. */
  routes(known: readonly Routed[]): void;
  /** `null`: it says nothing about a release. `unparsed`: it is not a line of this format. */
  observe(line: string): Observation | null | "unparsed";
};

/** Distinct clients and routes that are remembered; more at once begin anew. */
const remembered = 50_000;
/** nginx's word for a client that left before the answer. */
const clientLeft = 499;

export function logObserver({ reader, foldRoute }: LineReading): LogObserver {
  const fields = emptyFields();
  const clientOf = clientNames();
  const routeOf = known((target) => foldRoute(Buffer.from(target, "latin1").toString("utf8")));
  const releaseNamed = known((name) => name);
  let routed: readonly Routed[] = [];
  let addresses = new Map<string, string>();

  function releaseOf(): string | null {
    if (fields.release !== "" && fields.release !== "-") return releaseNamed(fields.release);
    if (fields.upstream !== "" && fields.upstream !== "-")
      return addresses.get(lastAddress(fields.upstream)) ?? null;
    return releaseAt(routed, fields.atMs - fields.ms, fields.atMs + fields.exactMs - 1);
  }

  return {
    routes(now) {
      if (now === routed) return;
      routed = now;
      addresses = new Map();
      // Oldest first: an address that was used again is its newest release's.
      for (const { release, url } of now.toReversed()) {
        if (release !== null && url !== null) addresses.set(hostOf(url), release);
      }
    },
    observe(line) {
      if (!reader(line, fields)) return "unparsed";
      const { status, ms, atMs } = fields;
      if (status === clientLeft || status < 100) return null;
      const release = releaseOf();
      if (release === null) return null;
      return {
        at: atMs - ms,
        release,
        ok: status < 500,
        client: clientOf(fields),
        route: routeOf(targetOf(fields.request)),
        status,
        ms,
      };
    },
  };
}

/** Answers of the same question are the same: most lines ask for what a line before asked for. */
function known(answer: (piece: string) => string): (piece: string) => string {
  const answers = new Map<string, string>();
  return (piece) => {
    const found = answers.get(piece);
    if (found !== undefined) return found;
    if (answers.size >= remembered) answers.clear();
    const key = copyOf(piece);
    const fresh = answer(key);
    answers.set(key, fresh);
    return fresh;
  };
}

/** Account or session where the format has it, else address and browser; as a hash. */
function clientNames(): (fields: LogFields) => string {
  const clients = new Map<string, Map<string, string>>();
  let count = 0;
  return ({ client, remote, agent }) => {
    const [one, two] = client === "" || client === "-" ? [remote, agent] : [client, ""];
    const found = clients.get(one)?.get(two);
    if (found !== undefined) return found;
    if (count >= remembered) {
      clients.clear();
      count = 0;
    }
    count += 1;
    const hashed = sha256(`${one}\0${two}`).slice(0, 16);
    const key = copyOf(one);
    const inner = clients.get(key) ?? new Map<string, string>();
    clients.set(key, inner.set(copyOf(two), hashed));
    return hashed;
  };
}

/** A piece of a line keeps the whole block of the file in memory; what is kept is copied. */
function copyOf(piece: string): string {
  return Buffer.from(piece, "latin1").toString("latin1");
}

/** `GET /a?b HTTP/1.1` or `/a?b`: the path. */
function targetOf(request: string): string {
  const slash = request.indexOf("/");
  if (slash < 0) return request;
  let end = request.length;
  for (let i = slash; i < end; i += 1) {
    const code = request.charCodeAt(i);
    if (code === 32 || code === 63) end = i;
  }
  return request.slice(slash, end);
}

/** Of several tries the last one answered. */
function lastAddress(upstream: string): string {
  const space = upstream.lastIndexOf(" ");
  return hostOf(space < 0 ? upstream : upstream.slice(space + 1));
}

function hostOf(url: string): string {
  const scheme = url.indexOf("://");
  const host = scheme < 0 ? url : url.slice(scheme + 3);
  return host.endsWith("/") ? host.slice(0, -1) : host;
}

/**
 * By the clock, where the line itself does not say it: the release that had the route from the beginning of the
 * request to its end. A request across a switch is nobody's: it cannot be told.
 */
function releaseAt(routed: readonly Routed[], beganMs: number, endedMs: number): string | null {
  const at = routed.findIndex(({ fromMs }) => fromMs <= endedMs);
  const one = routed[at];
  return one !== undefined && one.fromMs <= beganMs ? one.release : null;
}
