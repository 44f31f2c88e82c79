// The load generator: shoppers who come at a fixed pace, whatever happens, and an exact account of what they met.
import { randomUUID } from "node:crypto";
import { type Arrivals, openLoop } from "./arrivals.ts";
import { bounds } from "./bounds.ts";
import { type ChatCounts, createChatter } from "./chatter.ts";
import { createDice } from "./dice.ts";
import type { Latency } from "./latency.ts";
import { createShopper } from "./shopper.ts";
import { type Counts, createTally, type Lost, type VersionTally } from "./tally.ts";

export type LoadOptions = {
  /** Of the shop's front door, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Arrivals; slow requests and websockets come on top. */
  readonly perSecond: number;
  /** Each with its own connections, session cookie, User-Agent and `x-account-id`. */
  readonly clients: number;
  /** The same seed gives the same mix. */
  readonly seed: number;
  /** A request of 2 s starts this often; 0 for none. Default 1,000: two are open at any time. */
  readonly slowEveryMs?: number;
  /** Hold chats open (the first 10 clients). Default true. */
  readonly websocket?: boolean;
  /** Where the app's own paths begin, and its chat; the front page is always `/`. Default: none, and `/chat`. */
  readonly paths?: Paths;
};

export type Paths = { readonly base: string; readonly chat: string };

export type LoadReport = {
  readonly seconds: number;
  readonly requests: number;
  readonly answered: number;
  readonly errorsByFault: number;
  readonly refusals: number;
  /** No answer, a broken one, or one >= 500 that the app does not own up to. The first 100,000 of `lostCount`. */
  readonly lost: readonly Lost[];
  readonly lostCount: number;
  readonly acknowledgedWrites: readonly string[];
  readonly byVersion: Readonly<Record<string, VersionTally>>;
  /** Of complete answers, without slow requests and streams, from sending to the last byte. */
  readonly latency: Latency;
  readonly websocket: Readonly<ChatCounts>;
  /** Arrivals that the limits of the client side kept from being sent; a fair run has 0. */
  readonly notSent: number;
  /** How late this process was with an arrival, at worst, in ms: latencies below this say little. */
  readonly lagMaxMs: number;
};

export type Load = {
  /** Live. */
  counts(): Counts;
  /** Live. Lost requests in the order of their end. */
  lost(): readonly Lost[];
  /** No new arrivals; waits for all answers (`bounds.answerMs` at most). Safe to call again. */
  stop(): Promise<LoadReport>;
};

/** Nothing is ever tried again: what goes wrong once is in the report. */
export function startLoad(options: LoadOptions): Load {
  const url = new URL(options.url);
  const startedAt = performance.now();
  const dice = createDice(options.seed);
  const tally = createTally();
  // Ids must not meet those of an earlier load on the same database.
  const run = randomUUID().slice(0, 8);
  const paths = options.paths ?? { base: "", chat: "/chat" };
  const shoppers = Array.from({ length: options.clients }, (_, index) =>
    createShopper({ url, base: paths.base, run, number: index + 1, dice, tally }),
  );
  let notSent = 0;
  const arrive = (act: "act" | "waitLong") => () => {
    const shopper = shoppers[Math.floor(dice.next() * shoppers.length)];
    if (tally.inFlight() >= bounds.inFlight) notSent += 1;
    else shopper?.[act]();
  };
  const slowEveryMs = options.slowEveryMs ?? 1_000;
  const arrivals: Arrivals[] = [openLoop(options.perSecond, arrive("act"))];
  if (slowEveryMs > 0) arrivals.push(openLoop(1_000 / slowEveryMs, arrive("waitLong")));

  const chat: ChatCounts = { opened: 0, messagesSent: 0, echoed: 0, toldToLeave: 0, closedUnexpectedly: 0 };
  const talking = options.websocket === false ? [] : shoppers.slice(0, bounds.websockets);
  const chatters = talking.map(({ name, headers }) =>
    createChatter({ url, path: paths.chat, name, headers, tally, counts: chat }),
  );

  const finish = async (): Promise<LoadReport> => {
    for (const each of arrivals) each.stop();
    const seconds = (performance.now() - startedAt) / 1_000;
    await Promise.all([...chatters.map((chatter) => chatter.stop()), tally.settled()]);
    for (const shopper of shoppers) shopper.close();
    const { requests, answered, errorsByFault, refusals, lost, byVersion } = tally.counts();
    const skipped = arrivals.reduce((sum, each) => sum + each.skipped(), 0);
    return {
      seconds,
      requests,
      answered,
      errorsByFault,
      refusals,
      lost: tally.lost(),
      lostCount: lost,
      acknowledgedWrites: tally.acknowledged(),
      byVersion,
      latency: tally.latency(),
      websocket: { ...chat },
      notSent: notSent + skipped,
      lagMaxMs: Math.max(...arrivals.map((each) => each.lagMaxMs())),
    };
  };
  let finished: Promise<LoadReport> | undefined;
  return {
    counts: () => tally.counts(),
    lost: () => tally.lost(),
    stop: () => {
      finished ??= finish();
      return finished;
    },
  };
}
