// Listening outside of watches: in rounds, with a budget of false alarms a day. Pure.
import { z } from "zod";
import { expects } from "./expects.ts";
import { finding } from "./finding.ts";

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
/**
 * A round is this long at most, and ends with its share of the UTC day: long enough for a site with few requests, short
 * enough to be measured by what is usual in these hours.
 */
const roundMs = 4 * hourMs;
const troubledMs = hourMs;
/** All streams together call false at most so often a day: less than once in a quarter of a year. */
export const alphaPerDay = 0.01;

const vigil = { env: z.string(), vigil: z.string() };

export const vigilEvents = {
  /** A round of listening began: with which chance of a false alarm, and beside what. */
  "vigil.began": z.strictObject({
    ...vigil,
    release: z.string(),
    forMs: z.number(),
    alpha: z.number(),
    threshold: z.number(),
    expects,
    /** Streams whose trouble goes on, and was told of. */
    going: z.array(z.string()),
  }),
  "vigil.found": z.strictObject({ ...vigil, finding }),
  /** `bad`: streams in alarm at its end, told of or not. */
  "vigil.ended": z.strictObject({ ...vigil, bad: z.array(z.string()) }),
} as const;

type Data<T extends keyof typeof vigilEvents> = z.infer<(typeof vigilEvents)[T]>;

export type VigilState = Data<"vigil.began"> & {
  readonly startedAt: number;
  readonly open: boolean;
  /** In alarm and told of in this round; after it, all that were in alarm at its end. */
  readonly found: readonly string[];
  /** What rounds of this UTC day have taken of `alphaPerDay`, this one included. */
  readonly spent: { readonly day: number; readonly alpha: number };
};

type VigilEvent = {
  [T in keyof typeof vigilEvents]: { readonly type: T; readonly data: Data<T>; readonly at: number };
}[keyof typeof vigilEvents];

export function foldVigil(former: VigilState | null, event: VigilEvent): VigilState | null {
  if (event.type === "vigil.began") {
    const day = dayOf(event.at);
    const before = former?.spent.day === day ? former.spent.alpha : 0;
    const spent = { day, alpha: before + event.data.alpha };
    return { ...event.data, startedAt: event.at, open: true, found: [], spent };
  }
  if (former?.vigil !== event.data.vigil) return former;
  if (event.type === "vigil.ended") return { ...former, open: false, going: [], found: event.data.bad };
  return { ...former, found: [...new Set([...former.found, event.data.finding.stream])] };
}

function dayOf(atMs: number): number {
  return Math.floor(atMs / dayMs);
}

/**
 * The round that begins now. Each takes an equal part of what is left of the day, for the rounds that are left of it and
 * one in reserve: so however often it begins anew, after restarts and deploys, there is always something left, and the
 * chance of the day is never more than `alphaPerDay`. While trouble goes on rounds are short, each for its part of the
 * price: what was proven stays proven in its round, and it is to be noticed that it is over.
 */
export function nextRound(
  former: VigilState | null,
  nowMs: number,
  goesOn: boolean,
): { readonly forMs: number; readonly alpha: number } {
  const spent = former?.spent.day === dayOf(nowMs) ? former.spent.alpha : 0;
  const ofDay = nowMs % dayMs;
  const whole = roundMs - (ofDay % roundMs);
  const forMs = goesOn ? Math.min(whole, troubledMs) : whole;
  const left = Math.floor((dayMs - ofDay - 1) / roundMs) + 1;
  const part = forMs < whole ? forMs / roundMs : 1;
  return { forMs, alpha: (part * Math.max(0, alphaPerDay - spent)) / (left + 1) };
}

/** A round of the same release goes on with troubles that were told of just before. */
const goesOnMs = hourMs;

export function goingOn(former: VigilState | null, release: string, nowMs: number): readonly string[] {
  if (!former || former.release !== release) return [];
  const endedAt = former.startedAt + former.forMs;
  return nowMs - Math.min(nowMs, endedAt) <= goesOnMs ? [...new Set([...former.going, ...former.found])] : [];
}

/** What fails is no example of what is usual while it goes on; what only became slower is, after its round. */
export function isTrouble(state: VigilState | null): boolean {
  if (!state?.open) return false;
  return state.found.length > 0 || state.going.some((stream) => stream === "errors" || stream === "payments");
}
