// Would going back help? Two releases on the same minutes since their switch: yes, no, or it cannot be told, with figures.
import { failed, percent } from "../detect/why.ts";
import { binEndsMin, classEndMs, type WatchSummary } from "./summary.ts";

export type Measure = {
  /** `errors`, `latency p50`, `latency p95`, or the subject of a reading. */
  readonly what: string;
  readonly unit: string;
  readonly now: number;
  readonly before: number;
  readonly verdict: "worse" | "not worse" | "cannot tell";
  /** One sentence with the figures. */
  readonly why: string;
};

export type Comparison = {
  readonly answer: "yes" | "no" | "cannot tell";
  readonly why: string;
  /** Minutes since the switch that both were seen for. */
  readonly minutes: number;
  readonly measures: readonly Measure[];
  /** What makes the figures weaker than they look. */
  readonly cautions: readonly string[];
};

/** Smaller differences are nothing that a rollback is for. */
const worseBy = 1.2;
/** Of memory, CPU, connections and the like. */
const gaugeBy = 1.5;
const leastErrorGap = 0.005;
/** Standard errors: 1 in 2,000 by chance, since several measures are looked at. */
const sureAt = 3.3;
const leastRequests = 200;
const leastLooks = 5;
const sameHourH = 3;

/** `now` serves, `then` is what one would go back to. */
export function compareReleases(now: WatchSummary | null, then: WatchSummary | null): Comparison {
  if (!now || !then)
    return untold(now ? "nothing was kept of the former release" : "nothing was seen of this release yet");
  const shared = now.bins.map((one) => one.bin).filter((at) => then.bins.some((other) => other.bin === at));
  const [a, b] = [total(now, shared), total(then, shared)];
  const minutes = shared.length === 0 ? 0 : (binEndsMin[Math.max(...shared)] ?? 0);
  const measures = [errors(a, b, serving), ...latency(a, b, serving), ...gauges(now, then)];
  return { ...answerOf(measures), minutes, measures, cautions: cautionsOf(now, then, shared) };
}

function answerOf(measures: readonly Measure[]): Pick<Comparison, "answer" | "why"> {
  const worse = measures.filter((one) => one.verdict === "worse");
  if (worse.length > 0) return { answer: "yes", why: worse.map((one) => one.why).join(" ") };
  const untellable = measures.find((one) => one.verdict === "cannot tell");
  if (untellable) return { answer: "cannot tell", why: untellable.why };
  return { answer: "no", why: measures.map((one) => one.why).join(" ") };
}

function untold(why: string): Comparison {
  return { answer: "cannot tell", why: `${why}.`, minutes: 0, measures: [], cautions: [] };
}

/** Of what was left, more minutes than the other was seen for are another time of day. */
const atLeastMin = 1;
/** Left longer ago than this, it was not left for the other. */
const adjoiningMs = 10 * 60_000;

/**
 * Did going back help? The newest minutes of the release that was left beside as many of the one that serves again:
 * right before and right after the switch, so that users and hour are the same. `yes`: what was left was worse.
 */
export function compareBack(now: WatchSummary, left: WatchSummary | null): Comparison {
  const newest = (left?.lately ?? []).slice(-Math.max(atLeastMin, minutesSeen(now)));
  const end = newest.at(-1);
  if (!left || !end) return untold("nothing was kept of the release that was left");
  if (now.startedAt - (left.startedAt + (end.bin + 1) * 60_000) > adjoiningMs)
    return untold("the release that was left was not looked at just before");
  const [before, after] = [sumOf(newest), sumOf(now.bins)];
  const words = { now: "before going back", other: "after it" };
  const measures = [errors(before, after, words), ...latency(before, after, words)];
  return { ...answerOf(measures), minutes: newest.length, measures, cautions: [] };
}

function minutesSeen({ bins }: WatchSummary): number {
  return bins.length === 0 ? 0 : (binEndsMin[Math.max(...bins.map((one) => one.bin))] ?? 0);
}

/** What the two are called in sentences. */
type Words = { readonly now: string; readonly other: string };
const serving: Words = { now: "now", other: "on the former release" };

type Total = {
  readonly requests: number;
  readonly errors: number;
  readonly latency: ReadonlyMap<number, number>;
};

function total(summary: WatchSummary, shared: readonly number[]): Total {
  return sumOf(summary.bins.filter((one) => shared.includes(one.bin)));
}

function sumOf(bins: WatchSummary["bins"]): Total {
  const latency = new Map<number, number>();
  for (const one of bins)
    for (const [at, count] of one.latency) latency.set(at, (latency.get(at) ?? 0) + count);
  const sum = (pick: (one: (typeof bins)[number]) => number) => bins.reduce((all, one) => all + pick(one), 0);
  return { requests: sum((one) => one.requests), errors: sum((one) => one.errors), latency };
}

function errors(now: Total, then: Total, words: Words): Measure {
  const base = { what: "errors", unit: "%" };
  if (tooFew(now, then)) return { ...base, now: 0, before: 0, verdict: "cannot tell", why: few(now, then) };
  const [p, q] = [now.errors / now.requests, then.errors / then.requests];
  const why = `${failed(now.errors, now.requests, "request")} ${words.now}, ${percent(q)} ${words.other}.`;
  return {
    ...base,
    now: p * 100,
    before: q * 100,
    why,
    verdict: verdictOf(p, q, now, then, Math.max(leastErrorGap, q * (worseBy - 1))),
  };
}

/** Slower: significantly more requests lie above what was the former release's quantile. */
function latency(now: Total, then: Total, words: Words): Measure[] {
  return [0.5, 0.95].map((level) => {
    const what = `latency p${level * 100}`;
    if (tooFew(now, then))
      return { what, unit: "ms", now: 0, before: 0, verdict: "cannot tell", why: few(now, then) };
    const [a, b] = [quantile(now, level), quantile(then, level)];
    const [p, q] = [above(now, b), above(then, b)];
    const isSlower = a >= b * worseBy;
    const sure = verdictOf(p, q, now, then, 0);
    const verdict = isSlower ? (sure === "worse" ? "worse" : "cannot tell") : "not worse";
    const why = `${what} ${Math.round(a)} ms ${words.now}, ${Math.round(b)} ms ${words.other}.`;
    return { what, unit: "ms", now: a, before: b, verdict, why };
  });
}

/** By the difference of two shares and its standard error. */
function verdictOf(p: number, q: number, now: Total, then: Total, least: number): Measure["verdict"] {
  const pooled = (p * now.requests + q * then.requests) / (now.requests + then.requests);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / now.requests + 1 / then.requests));
  if (p - q > least && p - q > sureAt * error) return "worse";
  // The difference may still be as large as what would count.
  return p - q + sureAt * error > Math.max(least, leastErrorGap) && p > q ? "cannot tell" : "not worse";
}

function quantile({ latency, requests }: Total, level: number): number {
  let left = level * requests;
  for (const [at, count] of [...latency].toSorted(([a], [b]) => a - b)) {
    left -= count;
    if (left <= 0) return classEndMs(at);
  }
  return 0;
}

function above({ latency, requests }: Total, ms: number): number {
  const slow = [...latency].filter(([at]) => classEndMs(at) > ms * (1 + 1e-9));
  return slow.reduce((sum, [, count]) => sum + count, 0) / requests;
}

function gauges(now: WatchSummary, then: WatchSummary): Measure[] {
  return now.gauges.flatMap((one): Measure[] => {
    const other = then.gauges.find((each) => each.subject === one.subject && each.unit === one.unit);
    if (!other || one.looks < leastLooks || other.looks < leastLooks) return [];
    const [a, b] = [one.sum / one.looks, other.sum / other.looks];
    // Means of a value that wanders, and that users may not feel: a reason to doubt, never one to go back.
    const why = `${one.subject} ${round(a)} ${one.unit} now, ${round(b)} ${one.unit} on the former release.`;
    return [
      {
        what: one.subject,
        unit: one.unit,
        now: a,
        before: b,
        verdict: a > b * gaugeBy ? "cannot tell" : "not worse",
        why,
      },
    ];
  });
}

function cautionsOf(now: WatchSummary, then: WatchSummary, shared: readonly number[]): string[] {
  const hour = 3_600_000;
  const apart = Math.abs(((now.startedAt - then.startedAt) / hour) % 24);
  const hours = Math.min(apart, 24 - apart);
  return [
    ...(hours > sameHourH
      ? [`They began ${Math.round(hours)} hours of the day apart: users may have been others.`]
      : []),
    ...(shared.length > 0 && shared.length < now.bins.length
      ? ["Only the minutes that both were seen for are compared."]
      : []),
  ];
}

function tooFew(now: Total, then: Total): boolean {
  return now.requests < leastRequests || then.requests < leastRequests;
}

function few(now: Total, then: Total): string {
  return `There were ${now.requests} and ${then.requests} requests in the same minutes; ${leastRequests} of each are needed.`;
}

function round(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en-US");
}
