// Counts what became of the requests.
import { bounds } from "./bounds.ts";
import { createLatencyMeter, type Latency } from "./latency.ts";
import type { LostKind, Outcome } from "./send.ts";

/** `at`: wall clock in ms when the request was started. */
export type Lost = { readonly at: number; readonly kind: LostKind; readonly detail: string };

/** `errors`: answers >= 500. Times: wall clock in ms. `lastStartedAt`: start of the youngest request it answered. */
export type VersionTally = {
  readonly requests: number;
  readonly errors: number;
  readonly firstAt: number;
  readonly lastStartedAt: number;
};

export type Counts = {
  readonly requests: number;
  readonly inFlight: number;
  /** Complete answers, whatever their status. */
  readonly answered: number;
  /** Answers >= 500 that the app marks as made by its fault (`x-shop-fault`). */
  readonly errorsByFault: number;
  /** Answers from 400 to 499: nothing that a well-treated client should see. */
  readonly refusals: number;
  readonly lost: number;
  /** Orders that the shop said it has. */
  readonly acknowledged: number;
  /** By the app's own word (`x-shop-version`). */
  readonly byVersion: Readonly<Record<string, VersionTally>>;
};

export type Tally = {
  /** Call it when a request starts; call what it returns once, when the request is over. */
  begin(what: string, isTimed: boolean): (outcome: Outcome) => void;
  inFlight(): number;
  /** Resolves when nothing is in flight; call it when nothing new begins any more. */
  settled(): Promise<void>;
  acknowledge(orderId: string): void;
  counts(): Counts;
  lost(): readonly Lost[];
  acknowledged(): readonly string[];
  latency(): Latency;
};

type Growing<T> = { -readonly [key in keyof T]: T[key] };

export function createTally(): Tally {
  const sums = { requests: 0, inFlight: 0, answered: 0, errorsByFault: 0, refusals: 0, lost: 0 };
  const byVersion: Record<string, Growing<VersionTally>> = {};
  const lost: Lost[] = [];
  const acknowledged: string[] = [];
  const latency = createLatencyMeter();
  const waiting: (() => void)[] = [];
  const lose = (entry: Lost) => {
    sums.lost += 1;
    if (lost.length < bounds.lostKept) lost.push(entry);
  };
  return {
    begin(what, isTimed) {
      const at = Date.now();
      const before = performance.now();
      sums.requests += 1;
      sums.inFlight += 1;
      return (outcome) => {
        sums.inFlight -= 1;
        if (sums.inFlight === 0) for (const resolve of waiting.splice(0)) resolve();
        if (outcome.kind === "lost") return lose({ at, kind: outcome.how, detail: outcome.detail });
        sums.answered += 1;
        if (isTimed) latency.add(performance.now() - before);
        const version = String(outcome.head["x-shop-version"] ?? "unknown");
        countVersion(byVersion, version, at, outcome.status);
        if (outcome.status >= 400 && outcome.status < 500) sums.refusals += 1;
        if (outcome.status < 500) return;
        if (outcome.head["x-shop-fault"] !== undefined) sums.errorsByFault += 1;
        else lose({ at, kind: "status", detail: `${what}: ${outcome.status} from ${version}` });
      };
    },
    inFlight: () => sums.inFlight,
    settled: () =>
      sums.inFlight === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve)),
    acknowledge: (orderId) => void acknowledged.push(orderId),
    counts: () => ({ ...sums, acknowledged: acknowledged.length, byVersion: structuredClone(byVersion) }),
    lost: () => lost,
    acknowledged: () => acknowledged,
    latency: () => latency.read(),
  };
}

function countVersion(
  into: Record<string, Growing<VersionTally>>,
  version: string,
  at: number,
  status: number,
): void {
  const tally = into[version] ?? { requests: 0, errors: 0, firstAt: Date.now(), lastStartedAt: at };
  into[version] = tally;
  tally.requests += 1;
  if (status >= 500) tally.errors += 1;
  tally.lastStartedAt = Math.max(tally.lastStartedAt, at);
}
