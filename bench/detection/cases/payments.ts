// Nobody can pay while everything else is well: either no order comes any more, or attempts to pay fail.
import { waldBound } from "../../../src/core/detect/bound.ts";
import type { Expects } from "../../../src/core/detect/expects.ts";
import { type Hour, hourMs } from "../../../src/core/detect/hour.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../../../src/core/detect/streams.ts";
import { usual } from "../../../src/core/detect/usual.ts";
import { type BenchResult, meets, single, stats } from "../../document.ts";
import type { Random } from "../../random.ts";
import { silenceBound } from "../bounds.ts";
import { clientNames } from "../deploy.ts";
import { alpha, watch } from "../pipeline.ts";
import { poisson } from "../poisson.ts";
import { begin, limits } from "../report.ts";
import { healthy } from "./onset.ts";

const route = "/api/payments";
const looked = { payments: [route], events: [{ name: "payment", routes: [route] }] };
/** Share of attempts that are declined when all is well. */
const declined = 0.03;
/** All other requests, each second. */
const others = 5;
const hours = 336;

/** Two weeks of hours in which all was well, `perS` attempts a second: what a watch begins with. */
function before(random: Random, perS: number): Expects {
  const counted = Array.from({ length: hours }, (_, hour): Hour => {
    const well = poisson(random, 3_600 * perS * (1 - declined));
    const errors = poisson(random, 3_600 * perS * declined);
    return {
      hour,
      seconds: 3_600,
      requests: 3_600 * others,
      errors: 0,
      latency: null,
      payments: { requests: well + errors, errors },
      events: { payment: well },
      failing: {},
    };
  });
  return usual(counted, looked, hours * hourMs, watch.horizonS * 1_000);
}

/** What is wrong from `onsetS` on: with a chance of `failing` an attempt fails; `silent`: there are no attempts at all. */
type Trouble = {
  readonly perS: number;
  readonly failing: number;
  readonly silent: boolean;
  readonly onsetS: number;
};
/** Seconds, attempts and payments that were due on average, from the onset to the alarm; infinite: never. */
type Noticed = {
  readonly attempts: number;
  readonly due: number;
  readonly stream: string;
  readonly threshold: number;
};

function release(random: Random, trouble: Trouble): Noticed {
  const { perS, onsetS } = trouble;
  const expects = before(random, perS);
  const threshold = expects.payments?.threshold ?? Number.NaN;
  const streams = startStreams({ ...watch, heard: { errors: true, probe: false }, expects });
  const clients = clientNames(2_000);
  const client = () => clients[random.below(clients.length)] ?? "";
  let attempts = 0;
  const next = nextOf(random, others);
  let [other, payment] = [next(0), nextOf(random, perS)(0)];
  for (let second = 1; second <= watch.horizonS; second++) {
    while (Math.min(other, payment) < second) {
      tickStreams(streams, Math.min(other, payment));
      if (other < payment) {
        observeRequest(streams, { atS: other, ok: random.uniform() >= healthy, client: client() });
        other = next(other);
        continue;
      }
      const ill = payment >= onsetS;
      if (!ill || !trouble.silent) {
        if (ill) attempts += 1;
        const well = random.uniform() >= (ill ? trouble.failing : declined);
        // Declines are answers like others: only the payment itself tells of them.
        observeRequest(streams, {
          atS: payment,
          ok: true,
          status: well ? 200 : 402,
          route,
          client: client(),
        });
        const stream = alarmed(streams);
        if (stream) return { attempts, due: (payment - onsetS) * perS * (1 - declined), stream, threshold };
      }
      payment = nextOf(random, perS)(payment);
    }
    tickStreams(streams, second);
    const stream = alarmed(streams);
    if (stream) return { attempts, due: (second - onsetS) * perS * (1 - declined), stream, threshold };
  }
  return { attempts: Number.POSITIVE_INFINITY, due: Number.POSITIVE_INFINITY, stream: "none", threshold };
}

function nextOf(random: Random, perS: number): (fromS: number) => number {
  return (fromS) => fromS + random.gap() / perS;
}

/** Asked of the conclusion only where one of the two has spoken, which is what costs. */
function alarmed(streams: Streams): string | null {
  const silent = streams.silence.some(({ stream }) => stream.alarm !== null);
  if (!silent && !streams.payments?.stream.alarm) return null;
  const { worst } = concludeStreams(streams, {
    nowS: streams.errors.nowS,
    blind: { errors: null, probe: null },
  });
  return worst.outcome === "bad" ? worst.stream : null;
}

/** Attempts a second, from a small shop to a large one. */
const traffic = [0.05, 0.2, 1];

export function nobodyPays(seed: number, runs: number): readonly BenchResult[] {
  return traffic.flatMap((perS) => {
    const random = begin(`${runs} releases on which no payment comes, ${perS}/s`, seed);
    const trouble = { perS, failing: 1, silent: true, onsetS: 0 };
    const all = Array.from({ length: runs }, () => release(random, trouble));
    const label = `no payment comes from the deploy on, ${perS}/s when all is well, everything else is well`;
    return [silence(label, all, "<= 12")];
  });
}

export function paymentsFail(seed: number, runs: number): readonly BenchResult[] {
  return [1, 0.5, 0.2].map((failing) => {
    const perS = 0.2;
    const random = begin(`${runs} releases on which ${100 * failing} % of payments fail`, seed);
    const all = Array.from({ length: runs }, () =>
      release(random, { perS, failing, silent: false, onsetS: 0 }),
    );
    const label = `${100 * failing} % of payments fail from the deploy on (${100 * declined} % before), ${perS} attempts/s`;
    return ratio(label, all, failing);
  });
}

export function nobodyPaysLater(seed: number, runs: number): readonly BenchResult[] {
  const perS = 0.2;
  const random = begin(`${runs} releases on which no payment comes from some moment on`, seed);
  const all = Array.from({ length: runs }, () => {
    return release(random, {
      perS,
      failing: 1,
      silent: true,
      onsetS: random.uniform() * (watch.horizonS - 300),
    });
  });
  return [
    silence(`no payment comes from any moment within 25 min on, ${perS}/s when all is well`, all, null),
  ];
}

function silence(label: string, all: readonly Noticed[], target: string | null): BenchResult {
  const due = all.map((one) => one.due).filter(Number.isFinite);
  const product = stats(due);
  const bound = silenceBound(alpha);
  const missed = all.length - due.length;
  return {
    case: label,
    metric: "mean payments that stayed away until it is noticed, at the true rate",
    unit: "expected payments",
    product,
    peers: { [silenceName]: single(bound) },
    ratio: { [silenceName]: (product.mean ?? Number.NaN) / bound },
    target,
    met: target === null ? null : missed === 0 && meets(target, product.ci95?.[1] ?? Number.NaN),
    note: `${spoken(all)}; ${missed} of ${all.length} not found; what is expected is a lower limit of counted hours`,
  };
}

const silenceName = "log(1/alpha)";

/** Noticed within 12 payments that stayed away, or within 1.5 times the bound of the test of attempts. */
function ratio(label: string, all: readonly Noticed[], failing: number): BenchResult {
  const found = all.filter(({ attempts }) => Number.isFinite(attempts));
  const product = stats(found.map(({ attempts }) => attempts));
  const threshold = stats(all.map((one) => one.threshold)).mean ?? Number.NaN;
  const bound = waldBound(alpha, failing, threshold);
  const name = "log(1/alpha)/KL";
  const most = Math.max(12, 1.5 * bound);
  const high = product.ci95?.[1] ?? Number.NaN;
  return {
    case: label,
    metric: "mean attempts until it is noticed",
    unit: "attempts",
    product,
    peers: { [name]: single(bound) },
    ratio: { [name]: (product.mean ?? Number.NaN) / bound },
    target: `<= ${most.toFixed(1)}`,
    met: found.length === all.length && high <= most,
    note:
      `12 payments, or 1.5 times the bound, whichever is more; judged by the upper limit ${high.toFixed(1)}; ${spoken(all)}; ` +
      `up to ${(100 * threshold).toFixed(1)} % may fail; ${all.length - found.length} of ${all.length} not found`,
  };
}

function spoken(all: readonly Noticed[]): string {
  const by = new Map<string, number>();
  for (const { stream } of all) by.set(stream, (by.get(stream) ?? 0) + 1);
  return [...by].map(([stream, count]) => `${stream} ${count}`).join(", ");
}

/** How often two healthy weeks of payments look like trouble: at the threshold of the share, and at the usual rate. */
export function payingAsUsual(seed: number, runs: number): readonly BenchResult[] {
  const random = begin(`${runs} releases on which people pay as usual`, seed);
  const usualTrouble = { perS: 0.2, failing: declined, silent: false, onsetS: watch.horizonS };
  const told = Array.from({ length: runs }, () => release(random, usualTrouble)).filter(
    (one) => one.stream !== "none",
  );
  const interval = limits(told.length, runs);
  const target = runs >= 5_000 ? "<= 0.001" : null;
  return [
    {
      case: "people pay as usual, 30 minutes, 0.2 attempts/s: told as silence or failing payments",
      metric: "share of deploys",
      unit: "of deploys",
      product: single(told.length / runs, runs, interval),
      peers: {},
      ratio: {},
      target,
      met: target === null ? null : meets(target, interval[1]),
      note: `${told.length} of ${runs}; judged by the upper limit ${interval[1].toExponential(2)}`,
    },
  ];
}
