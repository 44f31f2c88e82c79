// Does the release die again and again? Restarts and kills for want of memory, as containers and units tell of them.
import type { Finding } from "./finding.ts";
import { happen, type PoissonProcess, pass, poissonEvidence, startBet, startPoisson } from "./poisson.ts";
import { doubt, verifyBeta } from "./verified.ts";
import { about, duration, healthyChance, plural } from "./why.ts";

/** So often anything may die: once in six hours. */
const allowedPerS = 1 / (6 * 3600);
/** Dying so many times as often, equally likely: each 12 minutes, 72 s, 7 s. */
const ratios = [
  [30, 1 / 3],
  [300, 1 / 3],
  [3000, 1 / 3],
] as const;
const deployShare = 0.75;
/** Verified: it dies more rarely than each so many seconds. */
const crashLoopS = 300;
const streamName = "restarts";

type Bad = Extract<Finding, { outcome: "bad" }>;

/** Plain data (it survives JSON), changed by `observeRestart` and `tickRestarts` alone. */
export type RestartStream = {
  readonly needed: number;
  readonly process: PoissonProcess;
  nowS: number;
  restarts: number;
  /** Of these for want of memory. */
  kills: number;
  firstS: number | null;
  alarm: Bad | null;
};

export function startRestartStream(options: {
  readonly horizonS: number;
  readonly alpha: number;
}): RestartStream {
  const { horizonS, alpha } = options;
  const process = startPoisson({ horizonS, deployShare, ratios });
  return { needed: 1 / alpha, process, nowS: 0, restarts: 0, kills: 0, firstS: null, alarm: null };
}

/** A process of the release died, `times` times. CHANGES `stream`. */
export function observeRestart(
  stream: RestartStream,
  seen: { readonly atS: number; readonly times: number; readonly outOfMemory: boolean },
): void {
  if (!(seen.atS >= 0)) return;
  tickRestarts(stream, seen.atS);
  stream.restarts += seen.times;
  if (seen.outOfMemory) stream.kills += seen.times;
  stream.firstS ??= stream.nowS;
  happen(stream.process, seen.times);
  if (stream.alarm === null && poissonEvidence(stream.process) >= stream.needed) stream.alarm = dies(stream);
}

/** Let the clock pass to `nowS`. CHANGES `stream`; never goes back. */
export function tickRestarts(stream: RestartStream, nowS: number): void {
  while (stream.nowS < nowS) {
    const nextS = Math.min(nowS, Math.floor(stream.nowS) + 1);
    pass(stream.process, (nextS - stream.nowS) * allowedPerS);
    stream.nowS = nextS;
    if (Number.isInteger(nextS)) startBet(stream.process);
  }
}

/** What the restarts say. Reads only. */
export function concludeRestarts(stream: RestartStream, context: { readonly blind: string | null }): Finding {
  const base = baseOf(stream);
  if (stream.alarm) return base.evidence >= stream.needed ? dies(stream) : stream.alarm;
  if (context.blind !== null)
    return { outcome: "blind", ...base, why: `${context.blind}; so restarts are not known` };
  const what = said(stream);
  const health =
    stream.nowS / crashLoopS -
    stream.nowS * allowedPerS +
    stream.restarts * Math.log(allowedPerS * crashLoopS);
  if (health >= Math.log(1 / verifyBeta) && base.evidence < doubt) {
    return { outcome: "verified", ...base, why: `${what}; it does not die again and again` };
  }
  return { outcome: "undecided", ...base, moreRequests: null, why: `${what}; that alone proves nothing` };
}

function baseOf({ restarts, needed, process, nowS }: RestartStream) {
  return {
    stream: streamName,
    requests: restarts,
    errors: restarts,
    errorClients: 0,
    evidence: poissonEvidence(process),
    needed,
    // Restarts that are allowed in the time that has passed.
    threshold: nowS * allowedPerS,
  };
}

function said({ restarts, kills, nowS }: RestartStream): string {
  const memory = kills === 0 ? "" : `, ${kills === restarts ? "all" : kills} of them for want of memory`;
  return `${plural(restarts, "restart")} in ${duration(nowS)}${memory}`;
}

function dies(stream: RestartStream): Bad {
  const every =
    stream.restarts > 1 ? `, one each ${about(stream.nowS / stream.restarts).replace("about ", "")} s` : "";
  const why = `${said(stream)}${every}; ${healthyChance(stream.needed)}`;
  return { outcome: "bad", breadth: "broad", ...baseOf(stream), onsetS: stream.firstS, why };
}
