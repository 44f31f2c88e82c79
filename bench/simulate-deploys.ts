// Simulated deploys for the detection bench and its quick test: they run through the real error stream.
import type { ErrorStream } from "../src/core/detect/error-state.ts";
import { conclude, observe, startErrorStream } from "../src/core/detect/error-stream.ts";
import type { Random } from "./random.ts";

export type Traffic = {
  /** Requests a second; arrivals are Poisson. */
  readonly rate: number;
  /** Who asks: each request comes from one of these, all equally likely. */
  readonly clients: readonly string[];
  /** Share of requests that fail, independently. */
  readonly failing: number;
};

export type Watch = { readonly threshold: number; readonly horizonS: number; readonly alpha: number };

/** A run that has not been decided after this many requests counts as never. */
const patienceRequests = 10_000_000;

export function clientNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => `client-${i.toString(36).padStart(6, "0")}`);
}

/** Requests that the release served until there was enough evidence, and until it was enough to roll back for. */
export type Delay = { readonly toEvidence: number; readonly toBroad: number };

/** A release that is bad from the deploy on. */
export function requestsToAlarm(random: Random, traffic: Traffic, watch: Watch): Delay {
  const stream = startErrorStream(watch);
  let toEvidence = Number.POSITIVE_INFINITY;
  let atS = 0;
  for (let served = 1; served <= patienceRequests; served++) {
    atS += random.gap() / traffic.rate;
    request(stream, random, traffic, atS);
    if (stream.provenAfter !== null) toEvidence = Math.min(toEvidence, served);
    if (stream.alarm) return { toEvidence, toBroad: served };
  }
  return { toEvidence, toBroad: Number.POSITIVE_INFINITY };
}

/** What became of one watched release. */
export type Verdict = {
  readonly requests: number;
  /** The evidence sufficed at some time, whatever its breadth. */
  readonly proven: boolean;
  /** It was broad at some time: a rollback. */
  readonly broad: boolean;
};

/** One client that fails `errors` times at `rate` a second, again each `everyS`. */
export type Bursts = { readonly errors: number; readonly rate: number; readonly everyS: number };

/** One whole watch, to its end or to the first alarm. */
export function watchOnce(
  random: Random,
  traffic: Traffic,
  watch: Watch,
  bursts?: Bursts,
  muteS?: number,
): Verdict {
  const stream = startErrorStream(muteS === undefined ? watch : { ...watch, muteS });
  const burst = bursts ? burstTimes(bursts, watch.horizonS, random) : [];
  let next = 0;
  let atS = random.gap() / traffic.rate;
  while (atS < watch.horizonS && !stream.alarm) {
    for (let t = burst[next]; t !== undefined && t <= atS; t = burst[next]) {
      observe(stream, { atS: t, ok: false, client: "the one that retries" });
      next += 1;
    }
    request(stream, random, traffic, atS);
    atS += random.gap() / traffic.rate;
  }
  return {
    requests: stream.requests,
    proven: stream.provenAfter !== null,
    broad: saysBroad(stream, watch.horizonS),
  };
}

function request(stream: ErrorStream, random: Random, traffic: Traffic, atS: number): void {
  const client = traffic.clients[random.below(traffic.clients.length)] ?? "";
  observe(stream, { atS, ok: random.uniform() >= traffic.failing, client });
}

/** Asked of the finding itself, which is what a decision is made from. */
function saysBroad(stream: ErrorStream, nowS: number): boolean {
  const finding = conclude(stream, { nowS, blind: null });
  return finding.outcome === "bad" && finding.breadth === "broad";
}

/** Times of the failures; the first burst begins at a random time. */
function burstTimes(bursts: Bursts, horizonS: number, random: Random): readonly number[] {
  const times: number[] = [];
  for (let start = random.uniform() * bursts.everyS; start < horizonS; start += bursts.everyS) {
    for (let i = 0; i < bursts.errors; i++) times.push(start + i / bursts.rate);
  }
  return times;
}
