// An outage that is nobody's release: it hits the old release beside the new one too, or a dependency's probe tells of it.
import { divergence } from "../../../src/core/detect/bound.ts";
import { bothServe } from "../../../src/core/detect/control-stream.ts";
import {
  concludeStreams,
  observeOld,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../../../src/core/detect/streams.ts";
import { type Dependencies, failingSince, noteDependency } from "../../../src/engine/dependencies.ts";
import type { BenchResult } from "../../document.ts";
import type { Random } from "../../random.ts";
import { clientNames, drawDeploy, eachRequest } from "../deploy.ts";
import { judge } from "../judged.ts";
import { alpha, rollsBack, watch } from "../pipeline.ts";
import { begin, delay, share } from "../report.ts";
import { healthy } from "./onset.ts";

const unblind = { errors: null, probe: null };

/** Two releases side by side, for `lengthS` seconds. */
type Arms = {
  /** Requests a second of both together, and the new release's share of them. */
  readonly rate: number;
  readonly newShare: number;
  readonly lengthS: number;
  readonly failing: (atS: number, isNew: boolean) => number;
};

type End = {
  /** Infinite: not rolled back. */
  readonly atS: number;
  /** Failures of both that were seen until then. */
  readonly failures: number;
  /** What the errors alone would have said. */
  readonly alone: boolean;
};

function sideBySide(random: Random, arms: Arms): End {
  const { rate, newShare, lengthS } = arms;
  const streams = startStreams({ ...watch, heard: { errors: true, probe: false, control: true } });
  const clients = clientNames(40 * rate);
  let failures = 0;
  for (let atS = random.gap() / rate; atS < lengthS; atS += random.gap() / rate) {
    const isNew = random.uniform() < newShare;
    const ok = random.uniform() >= arms.failing(atS, isNew);
    const seen = { atS, ok, client: clients[random.below(clients.length)] ?? "" };
    tickStreams(streams, atS);
    if (isNew) observeRequest(streams, seen);
    else observeOld(streams, seen);
    if (!ok) failures += 1;
    if (!speaks(streams)) continue;
    if (rollsBack(concludeStreams(streams, { nowS: atS, blind: unblind }).worst)) {
      return { atS, failures, alone: streams.errors.alarm !== null };
    }
  }
  return { atS: Number.POSITIVE_INFINITY, failures, alone: streams.errors.alarm !== null };
}

/** Only then can the conclusion be a rollback; to conclude after each request would take minutes. */
function speaks({ errors, control }: Streams): boolean {
  if (control === null) return errors.alarm !== null;
  return control.alarm !== null || (errors.alarm !== null && !bothServe(control));
}

const outageS = 120;
const shareNames = [0.5, 0.1];

/** Both fail alike for two minutes, from a random moment on. */
export function shared(seed: number, runs: number): readonly BenchResult[] {
  return shareNames.map((newShare) => {
    const random = begin(
      `${runs} outages of both releases, ${100 * newShare} % of requests to the new one`,
      seed,
    );
    let rolledBack = 0;
    let alone = 0;
    for (let i = 0; i < runs; i++) {
      const fromS = 30 + random.uniform() * 120;
      const end = sideBySide(random, {
        rate: 20,
        newShare,
        lengthS: 360,
        failing: (atS) => (atS >= fromS && atS < fromS + outageS ? 0.2 : healthy),
      });
      if (end.atS < Number.POSITIVE_INFINITY) rolledBack += 1;
      if (end.alone) alone += 1;
    }
    const label = `outage of both releases: 20 % fail for ${outageS} s, the new one has ${100 * newShare} % of 20 requests/s: rolled back`;
    const note = `without the old release beside it ${alone} would have been rolled back`;
    return share(label, rolledBack, runs, runs >= 4_000 ? "<= 0.001" : null, note);
  });
}

/** So that the cases above can fail: with the same arms a release that is itself bad is found. */
export function worseBesideOld(seed: number, runs: number): readonly BenchResult[] {
  return shareNames.map((newShare) => {
    const random = begin(`${runs} bad releases beside the old one, ${100 * newShare} % of requests`, seed);
    const failing = 0.05;
    const samples = Array.from({ length: runs }, () => {
      const end = sideBySide(random, {
        rate: 50,
        newShare,
        lengthS: 600,
        failing: (_, isNew) => (isNew ? failing : healthy),
      });
      return end.atS < Number.POSITIVE_INFINITY ? end.failures : end.atS;
    });
    const ofNew = (newShare * failing) / (newShare * failing + (1 - newShare) * healthy);
    const bound = Math.log(1 / alpha) / divergence(ofNew, newShare);
    return {
      ...delay(
        `5 % fail of the new release alone, which has ${100 * newShare} % of 50 requests/s`,
        samples,
        { name: "log(1/alpha)/KL of failures", requests: bound },
        null,
        "the comparison looks at failures alone; its bound counts them",
      ),
      metric: "mean failures of both until the rollback, to the bound",
      unit: "failures",
    };
  });
}

/** Pause between two questions to a dependency, as by default, and to one asked anew (engine/dependencies.ts). Seconds. */
const everyS = 15;
const anewS = 0.05;

/** What it was called at the moment of the first alarm, when a rollback would be decided. */
type Called = { readonly cause: string; readonly decision: string };
const never: Called = { cause: "none", decision: "none" };

/**
 * A healthy release whose dependency stops working: `failing` of its requests fail from then on, and no old release
 * serves beside it.
 */
function dependencyDown(random: Random, failing: number, leadS: number): Called {
  // A whole second: within one the draw of a deploy knows no earlier and later.
  const onsetS = 120 + random.below(180);
  const firstS = random.uniform() * everyS;
  const streams = startStreams(watch);
  const lengthS = onsetS + 120;
  const shape = {
    rate: 50,
    clients: 2_000,
    lengthS,
    failing: (atS: number) => (atS < onsetS ? healthy : failing),
  };
  let called = never;
  eachRequest(drawDeploy(random, shape), (request) => {
    tickStreams(streams, request.atS);
    observeRequest(streams, { ...request, route: "/api/orders", status: request.ok ? 200 : 500 });
    if (!streams.errors.alarm) return false;
    const asked = askUntil(request.atS, { firstS, downS: onsetS - leadS });
    called = calledAt(streams, request.atS, asked);
    return true;
  });
  return called;
}

/** What its probes have told when the release is judged: before anything is done they are asked anew, twice. */
function askUntil(nowS: number, { firstS, downS }: { firstS: number; downS: number }): Dependencies {
  const dependencies: Dependencies = new Map();
  const ask = (atS: number) => {
    const who = { release: "", client: "probe", route: "payment-provider", status: 0, ms: 1 };
    noteDependency(dependencies, { ...who, at: atS * 1_000, ok: atS < downS });
  };
  for (let atS = firstS; atS <= nowS; atS += everyS) ask(atS);
  for (let i = 1; i <= 2; i++) ask(nowS + i * anewS);
  return dependencies;
}

function calledAt(streams: Streams, nowS: number, dependencies: Dependencies): Called {
  const { worst, all } = concludeStreams(streams, { nowS, blind: unblind });
  const { attribution, decision } = judge(worst, nowS, {
    findings: all,
    failures: { requests: streams.errors.requests, by: streams.failing.by },
    before: null,
    dependencies: failingSince(dependencies),
  });
  return { cause: attribution.cause, decision: decision.decision };
}

/** Seconds from the dependency's end to the first failing request; null: it answers, and the release is bad. */
const cases = [
  { leadS: 60, what: "that has not answered for a minute", external: true },
  { leadS: 0, what: "that stopped at that moment", external: true },
  { leadS: Number.NEGATIVE_INFINITY, what: "that answers, so it is the release", external: false },
] as const;

/** Where its probe says so, each of them must be named; where it answers, none. */
export function dependencyFails(seed: number, runs: number): readonly BenchResult[] {
  return cases.flatMap(({ what, leadS, external }) =>
    [0.05, 0.2].map((failing) => {
      const random = begin(
        `${runs} releases of which ${100 * failing} % fail beside a dependency ${what}`,
        seed,
      );
      const ends = Array.from({ length: runs }, () => dependencyDown(random, failing, leadS));
      const named = ends.filter(({ cause }) => cause === "external").length;
      const back = ends.filter(({ decision }) => decision === "roll-back").length;
      const label = `${100 * failing} % of 50 requests/s fail, beside a dependency ${what}: named as external`;
      return {
        ...share(label, named, runs, null),
        target: external ? ">= 1" : "<= 0",
        met: external ? named === runs && back === 0 : named === 0 && back === runs,
        note: `${named} of ${runs}; ${back} rolled back`,
      };
    }),
  );
}
