// One way back, measured by the log of the load: how long until nothing is bad any more, and what was lost meanwhile.
import type { Load } from "../../src/demo/load/load.ts";
import type { Stack } from "../../src/demo/stack/stack.ts";
import { pause } from "../stack/bed.ts";

export const good = "v1";
export const bad = "v2";

/** A way to go back that a person types. */
export type Way = {
  readonly name: string;
  /** What is typed, line by line. */
  readonly typed: readonly string[];
  /** The bad version serves after this. */
  readonly makeBad: () => Promise<unknown>;
  readonly goBack: () => Promise<unknown>;
  /** When the way back was decided, where the tool writes that down. Wall clock, ms. */
  readonly decidedAt?: () => Promise<number>;
};

export type Recovery = {
  /** From the command to the start of the last request that the bad release answered or that failed. */
  readonly seconds: number;
  /** From the command to the start of the last request that the bad release answered. */
  readonly lastBadSeconds: number;
  /** From the durable plan to the start of the last request that the bad release answered; null where there is none. */
  readonly decisionSeconds: number | null;
  /** Requests from the command on without an answer of the app: no connection, a cut one, an error of what stands in front. */
  readonly lost: number;
  /** How the first of them were lost, for people. */
  readonly how: readonly string[];
  /** Every one of many questions over fresh connections was answered by the good version. */
  readonly right: boolean;
};

const limitMs = 120_000;
const lookMs = 50;
/** So long nothing may be bad any more before it counts as over. */
const quietMs = 3_000;
const askedAfterwards = 20;
const answerMs = 10_000;

export async function recover(load: Load, stack: Stack, { goBack, decidedAt }: Way): Promise<Recovery> {
  const seen = load.lost().length;
  const at = Date.now();
  await goBack();
  await untilQuiet(load, seen, at);
  const lost = load.lost().slice(seen);
  const lastBad = lastStart(load, bad);
  const lastLost = Math.max(0, ...lost.map((one) => one.at));
  return {
    seconds: Math.max(0, lastBad - at, lastLost - at) / 1_000,
    lastBadSeconds: Math.max(0, lastBad - at) / 1_000,
    decisionSeconds: decidedAt ? Math.max(0, lastBad - (await decidedAt())) / 1_000 : null,
    lost: lost.length,
    how: [...new Set(lost.map(({ kind }) => kind))],
    right: await answersRight(stack),
  };
}

function lastStart(load: Load, version: string): number {
  return load.counts().byVersion[version]?.lastStartedAt ?? 0;
}

/** The good version answers, and for a while nothing was bad: requests that were under way are over by then too. */
async function untilQuiet(load: Load, seen: number, at: number): Promise<void> {
  const until = at + limitMs;
  for (let quietSince = Date.now(), before = ""; Date.now() - quietSince < quietMs; await pause(lookMs)) {
    const now = `${lastStart(load, bad)} ${load.lost().length - seen}`;
    if (now !== before || lastStart(load, good) < at) quietSince = Date.now();
    before = now;
    if (Date.now() > until) throw new Error(`${good} did not come back within ${limitMs / 1_000} s`);
  }
}

/** The app says in its own words which version it is. */
async function answersRight(stack: Stack): Promise<boolean> {
  for (let asked = 0; asked < askedAfterwards; asked++) if ((await versionNow(stack)) !== good) return false;
  return true;
}

/** Over a fresh connection; null where nobody answers. */
async function versionNow({ publicUrl, paths }: Stack): Promise<string | null> {
  try {
    const answer = await fetch(`${publicUrl}${paths.base}/version`, {
      headers: { connection: "close" },
      signal: AbortSignal.timeout(answerMs),
    });
    const { version } = (await answer.json()) as { version?: string };
    return version ?? null;
  } catch {
    return null;
  }
}

/** Until the bad version answers everything: then a way back from it can be measured. */
export async function untilBadServes(stack: Stack): Promise<void> {
  const until = Date.now() + limitMs;
  for (let row = 0; row < askedAfterwards; await pause(lookMs)) {
    row = (await versionNow(stack)) === bad ? row + 1 : 0;
    if (Date.now() > until) throw new Error(`${bad} does not serve`);
  }
}
