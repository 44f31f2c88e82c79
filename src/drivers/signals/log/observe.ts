// Lines of an access log as observations: who asked, what for, how it went, and which release answered.

import type { Observation } from "../../../core/detect/finding.ts";
import { sha256 } from "../../../core/digest.ts";
import { armsOf } from "../../../core/flags/arms.ts";
import { hashBytes, knownNames, startHash } from "./hash.ts";
import { findEither } from "./scan.ts";
import { emptySpans, isEmpty, type LogSpans, type Span, type SpanReader, textOf } from "./spans.ts";

/** What was routed from a moment on, until the next one's. */
export type Routed = {
  readonly release: string | null;
  readonly url: string | null;
  readonly fromMs: number;
};

export type LineReading = {
  readonly reader: SpanReader;
  /** The path without query, with ids folded. */
  readonly foldRoute: (target: string) => string;
};

/** Where what was read of the lines goes. */
export type Seen = {
  observation(seen: Observation): void;
  /** A line that is not of this format, or too long. */
  unparsed(): void;
};

export type LogObserver = {
  /** What was routed when, newest first. */
  routes(known: readonly Routed[]): void;
  /** All lines of a block, which ends with a line's end. Lines that say nothing about a release are passed over. */
  observe(block: Buffer, seen: Seen): void;
};

/** nginx's word for a client that left before the answer. */
const clientLeft = 499;
const newline = 10;
/** Lines of other servers' logs have long addresses and agents; a request line alone may have 8 KiB. */
const lineBytes = 64 * 1024;
/** What is remembered of former lines, each some 100 bytes: a client that is forgotten costs as much as three lines. */
const mostClients = 200_000;
const mostRoutes = 50_000;
const mostBrowsers = 5_000;
const mostReleases = 1_000;
const mostUpstreams = 1_000;

export function logObserver({ reader, foldRoute }: LineReading): LogObserver {
  const spans = emptySpans();
  const clientOf = clientNames();
  const routeOf = routeNames(foldRoute);
  const releases = releaseNames();

  return {
    routes: releases.routes,
    observe(block, seen) {
      let at = 0;
      while (at < block.length) {
        const after = reader(block, at, spans);
        const end = endOfLine(block, after < at ? at : after);
        if (end === at) {
          // An empty line says nothing.
        } else if (after < 0 || end - at > lineBytes) seen.unparsed();
        else if (spans.status !== clientLeft && spans.status >= 100) {
          const release = releases.of(spans);
          if (release !== null) {
            const { status, ms, atMs } = spans;
            const [client, route] = [clientOf(spans), routeOf(spans)];
            const arms = isEmpty(spans, spans.flags) ? null : armsOf(textOf(spans, spans.flags));
            const usual = { at: atMs - ms, release, ok: status < 500, client, route, status, ms };
            const by = isEmpty(spans, spans.upstream) ? null : releases.answeredBy(spans);
            seen.observation(arms || by ? { ...usual, ...by, ...(arms && { arms }) } : usual);
          }
        }
        at = end + 1;
      }
    },
  };
}

function endOfLine(block: Buffer, from: number): number {
  // Mostly the line ends where the format does.
  if (block[from] === newline) return from;
  const end = block.indexOf(newline, from);
  return end < 0 ? block.length : end;
}

/**
 * What calls itself a robot is one client, from whichever of its many addresses it comes: four of a crawler's in a
 * row that meet a missing sitemap are not four users.
 */
const robots = /bot\b|crawl|spider|\+https?:/i;

/** Account or session where the format has it, else address and browser; as a hash. */
function clientNames(): (spans: LogSpans) => string {
  const known = knownNames<string>(mostClients);
  const browserOf = browsers();
  const keyOf = keys();
  const hash = { a: 0, b: 0 };
  return (spans) => {
    const { view, client, remote, agent } = spans;
    const named = !isEmpty(spans, client);
    const one = named ? client : remote;
    startHash(hash);
    hashBytes(hash, view, one.from, one.to);
    if (!named) hashBytes(hash, view, agent.from, agent.to);
    const found = known.find(hash);
    if (found !== undefined) return found;
    const { name, robot } = named ? nobody : browserOf(spans);
    const address = robot ? "" : textOf(spans, one);
    return known.keep(hash, keyOf(sha256(`${address}\0${name}`).slice(0, 16)));
  };
}

type Browser = { readonly name: string; readonly robot: boolean };
const nobody: Browser = { name: "", robot: false };

/** Clients are many, their browsers few. */
function browsers(): (spans: LogSpans) => Browser {
  const known = knownNames<Browser>(mostBrowsers);
  const hash = { a: 0, b: 0 };
  return (spans) => {
    const { view, agent } = spans;
    startHash(hash);
    hashBytes(hash, view, agent.from, agent.to);
    const found = known.find(hash);
    if (found !== undefined) return found;
    const name = textOf(spans, agent);
    return known.keep(hash, { name, robot: robots.test(name) });
  };
}

/** The same text as the engine keeps its keys: looking it up in an object then takes one step and no comparison. */
function keys(): (name: string) => string {
  // One object for all, as each new kind of object costs more than the rest of this.
  const one: Record<string, true> = Object.create(null);
  return (name) => {
    one[name] = true;
    const key = Object.keys(one)[0] ?? name;
    delete one[name];
    return key;
  };
}

/** Most lines ask for what a line before asked for. */
function routeNames(foldRoute: (target: string) => string): (spans: LogSpans) => string {
  const known = knownNames<string>(mostRoutes);
  const hash = { a: 0, b: 0 };
  const target: Span = { from: 0, to: 0 };
  return (spans) => {
    findTarget(spans, target);
    startHash(hash);
    hashBytes(hash, spans.view, target.from, target.to);
    const found = known.find(hash);
    if (found !== undefined) return found;
    return known.keep(
      hash,
      foldRoute(spans.bytes.toString("utf8", target.from, Math.max(target.from, target.to))),
    );
  };
}

const slash = 47;
const question = 63;
const space = 32;

/** `GET /a?b HTTP/1.1` or `/a?b`: the path. CHANGES `target`. */
function findTarget({ bytes, view, request }: LogSpans, target: Span): void {
  let { from } = request;
  while (from < request.to && bytes[from] !== slash) from += 1;
  const none = from === request.to;
  target.from = none ? request.from : from;
  target.to = none ? request.to : findEither(view, from, request.to, space, question);
}

/** Which release a line is about: it says so itself, or its upstream does, or the clock. */
function releaseNames() {
  const named = knownNames<string>(mostReleases);
  const hash = { a: 0, b: 0 };
  let routed: readonly Routed[] = [];
  let addresses = new Map<string, string>();
  /** What was answered for an upstream, as it stands in the line. */
  let answered = knownNames<{ readonly release: string | null }>(mostReleases);
  let answering = knownNames<AnsweredBy>(mostUpstreams);
  /** The answer for the newest second: most lines are of the second of the line before. */
  let second = { atMs: Number.NaN, exactMs: 0, release: null as string | null };

  function byClock({ atMs, ms, exactMs }: LogSpans): string | null {
    if (ms !== 0) return releaseAt(routed, atMs - ms, atMs + exactMs - 1);
    if (second.atMs !== atMs || second.exactMs !== exactMs) {
      second = { atMs, exactMs, release: releaseAt(routed, atMs, atMs + exactMs - 1) };
    }
    return second.release;
  }

  return {
    routes(now: readonly Routed[]) {
      if (now === routed) return;
      routed = now;
      second = { atMs: Number.NaN, exactMs: 0, release: null };
      addresses = new Map();
      answered = knownNames(mostReleases);
      answering = knownNames<AnsweredBy>(mostUpstreams);
      // Oldest first: an address that was used again is its newest release's.
      for (const { release, url } of now.toReversed()) {
        if (release !== null && url !== null) addresses.set(hostOf(url), release);
      }
    },
    /** Only of a format that names who answered: costs nothing elsewhere. */
    answeredBy({ view, bytes, upstream }: LogSpans): AnsweredBy {
      startHash(hash);
      hashBytes(hash, view, upstream.from, upstream.to);
      const found = answering.find(hash);
      if (found !== undefined) return found;
      const address = lastAddress(bytes.toString("latin1", upstream.from, upstream.to));
      const elsewhere = !addresses.has(address) && isElsewhere(address);
      return answering.keep(hash, elsewhere ? { upstream: address } : { instance: address });
    },
    of(spans: LogSpans): string | null {
      const { view, release, upstream } = spans;
      if (!isEmpty(spans, release)) {
        startHash(hash);
        hashBytes(hash, view, release.from, release.to);
        return named.find(hash) ?? named.keep(hash, textOf(spans, release));
      }
      if (!isEmpty(spans, upstream)) {
        startHash(hash);
        hashBytes(hash, view, upstream.from, upstream.to);
        const known = answered.find(hash);
        if (known !== undefined) return known.release;
        const served = addresses.get(lastAddress(textOf(spans, upstream))) ?? null;
        return answered.keep(hash, { release: served }).release;
      }
      return byClock(spans);
    },
  };
}

/** One of our instances, or a service of somebody else. */
type AnsweredBy = { readonly instance: string } | { readonly upstream: string };

const ours = /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|\[?(?:::1|f[cd]|fe80)|unix:)/i;

/**
 * A gateway error that names somebody else's service excuses the release, so it has to be plain that it is one: an
 * address of the public net, or a name with a domain. What is on our machines and nets counts as ours.
 */
function isElsewhere(address: string): boolean {
  const host = address.replace(/:\d+$/, "");
  return !ours.test(host) && host.includes(".") && !/\.(?:internal|local|localhost)$/i.test(host);
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
