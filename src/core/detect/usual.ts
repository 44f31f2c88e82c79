// What is usual at this time of the week, from the hours that were counted: what a new release is compared with.
import type { Failing } from "../attribute/fingerprint.ts";
import { upperLimit } from "./beta.ts";
import type { Expects } from "./expects.ts";
import { type Hour, hourMs, type Looked } from "./hour.ts";
import { errorThreshold, hopelessThreshold, leastThreshold } from "./threshold.ts";

/** Two weeks, so that each hour of the week is there twice. */
export const hoursKept = 336;
const weekHours = 168;
const dayHours = 24;
/** Of fewer, the share that fails says little about its hour. */
const leastRequests = 200;
/** Counted for less than this an hour says little about itself. */
const leastSeconds = 600;
/** A payment may fail this much more often than before. */
const headroom = 1.5;
const baselineAlpha = 0.01;
/** With nothing known, so many attempts may fail: declines are normal. Only a broken payment is then found. */
const paymentsUnknown = 0.25;
/** From more than this nothing worse can be told. */
const paymentsMost = 0.5;
/** Chance that all limits are above the true rate, where it does not change from hour to hour. */
const rateAlpha = 1e-4;
/** What comes more rarely than this a second, four an hour, is no rhythm that could be missed within a watch. */
const leastPerS = 4 / 3600;

/** What a watch that begins now, and lasts `forMs`, expects. */
export function usual(hours: readonly Hour[], looked: Looked, nowMs: number, forMs: number): Expects {
  return {
    latency: latencyBefore(hours, nowMs),
    payments: looked.payments.length === 0 ? null : payments(hours, looked.payments),
    events: looked.events.flatMap(({ name, routes }) => {
      const due = dueFrom(hours, name, nowMs, forMs);
      return due.some(({ perS }) => perS > 0) ? [{ name, routes: [...routes], due }] : [];
    }),
  };
}

/**
 * The same for a round outside of a watch, which may last hours: of each hour that it reaches into the slowest that is
 * usual then. `threshold`: what may fail, by all hours and by those like these.
 */
export function usualRound(
  hours: readonly Hour[],
  looked: Looked,
  nowMs: number,
  forMs: number,
): { readonly expects: Expects; readonly threshold: number } {
  const reached = hoursReached(nowMs, forMs);
  const slowest = reached.flatMap((at) => latencyBefore(hours, at * hourMs) ?? []);
  const most = (of: "p50" | "p90" | "p95") => Math.max(...slowest.map((one) => one[of]));
  const latency = slowest.length === 0 ? null : { p50: most("p50"), p90: most("p90"), p95: most("p95") };
  const known = {
    requests: sum(hours.map((one) => one.requests)),
    errors: sum(hours.map((one) => one.errors)),
  };
  const shares = reached
    .flatMap((at) => alike(hours, at, 1))
    .filter(({ requests }) => requests >= leastRequests)
    .map(({ errors, requests }) => headroom * (errors / requests));
  return {
    expects: { ...usual(hours, looked, nowMs, forMs), latency },
    threshold: Math.min(hopelessThreshold, Math.max(errorThreshold(known), ...shares)),
  };
}

/** Whole hours since 1970. */
function hoursReached(nowMs: number, forMs: number): readonly number[] {
  const first = Math.floor(nowMs / hourMs);
  const last = Math.floor((nowMs + forMs - 1) / hourMs);
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** Hours like this one: the same hour of the week and its neighbours; of those days where the week is not known yet. */
function alike(hours: readonly Hour[], at: number, spread: number): readonly Hour[] {
  const near = (period: number) => {
    return hours.filter(({ hour, seconds }) => {
      const apart = (((at - hour) % period) + period) % period;
      return seconds >= leastSeconds && Math.min(apart, period - apart) <= spread;
    });
  };
  const ofWeek = near(weekHours).filter(({ hour }) => at - hour >= weekHours / 2);
  return ofWeek.length > 0 ? ofWeek : near(dayHours);
}

/** The slowest of what is usual at this hour, and of the newest hour: a slow evening is not the release's doing. */
function latencyBefore(hours: readonly Hour[], nowMs: number): Expects["latency"] {
  const at = Math.floor(nowMs / hourMs);
  const known = [...alike(hours, at, 1), ...hours.slice(-1)].flatMap(({ latency }) => latency ?? []);
  if (known.length === 0) return null;
  const most = (of: "p50" | "p90" | "p95") => Math.max(...known.map((one) => one[of]));
  return { p50: most("p50"), p90: most("p90"), p95: most("p95") };
}

function payments(hours: readonly Hour[], routes: readonly string[]): Expects["payments"] {
  const requests = sum(hours.map((one) => one.payments.requests));
  const errors = sum(hours.map((one) => one.payments.errors));
  const known = requests > 0 ? headroom * upperLimit(errors, requests, baselineAlpha) : paymentsUnknown;
  return { routes: [...routes], threshold: Math.min(paymentsMost, Math.max(leastThreshold, known)) };
}

/** For each hour that the watch reaches into, the least that is usual. */
function dueFrom(hours: readonly Hour[], name: string, nowMs: number, forMs: number) {
  const first = Math.floor(nowMs / hourMs);
  const last = Math.floor((nowMs + forMs) / hourMs);
  return Array.from({ length: last - first + 1 }, (_, i) => ({
    fromS: Math.max(0, ((first + i) * hourMs - nowMs) / 1_000),
    perS: leastRate(alike(hours, first + i, 1), name),
  }));
}

/**
 * The lowest of the lower limits: an hour that was quiet once may be so again. One hour alone is no habit. The more
 * hours, the less each limit has to allow for, as the lowest counts.
 */
function leastRate(known: readonly Hour[], name: string): number {
  const counted = known.flatMap(({ events, seconds }) => {
    const count = events[name];
    return count === undefined ? [] : [{ count, seconds }];
  });
  const z = upperNormal(rateAlpha ** (1 / Math.max(1, counted.length)));
  const rates = counted.map(({ count, seconds }) => lowerCount(count, z) / seconds);
  const least = rates.length < 2 ? 0 : Math.min(...rates);
  return least >= leastPerS ? least : 0;
}

/** One-sided lower limit of the mean behind a Poisson count, `z` deviations down (Wilson and Hilferty 1931). */
function lowerCount(count: number, z: number): number {
  if (count === 0) return 0;
  return count * Math.max(0, 1 - 1 / (9 * count) - z / (3 * Math.sqrt(count))) ** 3;
}

/** The z with P(Z > z) = alpha, for alpha up to a half (Abramowitz and Stegun 26.2.23: within 0.0005); 0 above that. */
function upperNormal(alpha: number): number {
  const t = Math.sqrt(-2 * Math.log(Math.min(alpha, 0.5)));
  const top = 2.515517 + 0.802853 * t + 0.010328 * t * t;
  return Math.max(0, t - top / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t ** 3));
}

/** How requests failed lately, for telling new trouble from old; null: nothing was counted. */
export function failedBefore(hours: readonly Hour[]): Failing | null {
  const lately = hours.slice(-dayHours);
  const requests = sum(lately.map((one) => one.requests));
  if (requests === 0) return null;
  const by: Record<string, number> = {};
  for (const { failing } of lately) {
    for (const [key, count] of Object.entries(failing)) by[key] = (by[key] ?? 0) + count;
  }
  return { requests, by };
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
