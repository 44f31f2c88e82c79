// One simulated deploy: what the new release answered second by second, and request by request where that is asked.
//
// Polling rules look at counts, ours at single requests. Both see the same deploy: the requests of a second are spread
// over it by a seed of their own, so they can be told again at any time and need not be kept.
import { type Random, seeded } from "../random.ts";
import { poisson } from "./poisson.ts";

export type Shape = {
  /** Requests a second to the new release; arrivals are Poisson. */
  readonly rate: number;
  /** Share of requests that fail, `atS` seconds after the deploy; before it (atS < 0) that of the release before. */
  readonly failing: (atS: number) => number;
  /** Distinct clients, all equally busy. */
  readonly clients: number;
  /** Seconds after the deploy that are simulated. */
  readonly lengthS: number;
  /** Seconds before it, for rules that look back. */
  readonly beforeS?: number;
  /** One client that fails `errors` times at `rate` a second, again each `everyS`. Several: one each. */
  readonly retrying?: readonly Retrying[];
};

export type Retrying = { readonly errors: number; readonly rate: number; readonly everyS: number };

export type Deploy = {
  readonly shape: Shape;
  /** Answers by second; the first is `beforeS` before the deploy. */
  readonly oks: Uint32Array;
  readonly errors: Uint32Array;
  readonly beforeS: number;
  readonly seed: number;
  /** Times of failures of clients that retry, in order. */
  readonly retries: readonly { readonly atS: number; readonly client: string }[];
};

/** A request of the new release. */
export type Request = { readonly atS: number; readonly ok: boolean; readonly client: string };

export function drawDeploy(random: Random, shape: Shape): Deploy {
  const beforeS = shape.beforeS ?? 0;
  const length = beforeS + shape.lengthS;
  const oks = new Uint32Array(length);
  const errors = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    const failing = shape.failing(i - beforeS);
    oks[i] = poisson(random, shape.rate * (1 - failing));
    errors[i] = poisson(random, shape.rate * failing);
  }
  const retries = (shape.retrying ?? []).flatMap((one, i) => retriesOf(random, one, shape.lengthS, i));
  for (const { atS } of retries) {
    const second = beforeS + Math.floor(atS);
    errors[second] = (errors[second] ?? 0) + 1;
  }
  retries.sort((a, b) => a.atS - b.atS);
  return { shape, oks, errors, beforeS, seed: random.below(2 ** 31), retries };
}

/** The first burst begins at a random time. */
function retriesOf(random: Random, one: Retrying, lengthS: number, index: number) {
  const times: { atS: number; client: string }[] = [];
  for (let start = random.uniform() * one.everyS; start < lengthS; start += one.everyS) {
    for (let i = 0; i < one.errors; i++) {
      const atS = start + i / one.rate;
      if (atS < lengthS) times.push({ atS, client: `retries-${index}` });
    }
  }
  return times;
}

const names = new Map<number, readonly string[]>();

export function clientNames(count: number): readonly string[] {
  const known = names.get(count);
  if (known) return known;
  const made = Array.from({ length: count }, (_, i) => `client-${i.toString(36).padStart(6, "0")}`);
  names.set(count, made);
  return made;
}

/** The requests after the deploy, in order. Stop where `take` says so (true); the answer is whether it did. */
export function eachRequest(deploy: Deploy, take: (request: Request) => boolean): boolean {
  const clients = clientNames(deploy.shape.clients);
  const random = seeded(deploy.seed);
  let retry = 0;
  for (let second = 0; second < deploy.shape.lengthS; second++) {
    const own: Request[] = [];
    while (retry < deploy.retries.length && (deploy.retries[retry]?.atS ?? 0) < second + 1) {
      const { atS, client } = deploy.retries[retry] as { atS: number; client: string };
      own.push({ atS, ok: false, client });
      retry += 1;
    }
    const oks = deploy.oks[deploy.beforeS + second] ?? 0;
    const errors = (deploy.errors[deploy.beforeS + second] ?? 0) - own.length;
    for (let i = 0; i < oks + errors; i++) {
      const client = clients[random.below(clients.length)] ?? "";
      own.push({ atS: second + random.uniform(), ok: i < oks, client });
    }
    own.sort((a, b) => a.atS - b.atS);
    for (const one of own) if (take(one)) return true;
  }
  return false;
}
