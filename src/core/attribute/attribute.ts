// From what detection found and what changed to the most likely cause. Pure.
import type { Finding } from "../detect/finding.ts";
import { duration, percent, plural } from "../detect/why.ts";
import type { Attribution, Cause, Change, RankedChange } from "./attribution.ts";
import { type Failing, newShare, pointsOutside } from "./fingerprint.ts";

/** An onset is an estimate: a change that seems to come this much after it may still be its cause. */
const onsetSlackS = 5;
/** A dependency that began to fail longer before the trouble than this is not what changed. */
const dependencyReachS = 600;
/** From this share of failures on the fingerprints decide. */
const mostly = 0.5;

export type Dependency = {
  readonly name: string;
  /** Wall clock, milliseconds, since when its probe fails; null: it answers. */
  readonly failingSince: number | null;
  /** When it answered last, where that is known: it stopped between the two. */
  readonly answered?: number | null;
};

export type Circumstances = {
  /** Wall clock, milliseconds, from which the findings count their seconds. */
  readonly since: number;
  readonly findings: readonly Finding[];
  readonly changes: readonly Change[];
  /** Failures now: how many by fingerprint, and of how many requests. */
  readonly failures: Failing;
  /** The same before the change; null: nothing was counted then. */
  readonly before: Failing | null;
  /** Nothing was in alarm before the change; null: nobody looked. */
  readonly clean: boolean | null;
  readonly dependencies: readonly Dependency[];
  /** Seconds after which a change is not blamed for being the nearest; left out: the findings begin with a change. */
  readonly reachS?: number;
};

type Bad = Extract<Finding, { outcome: "bad" }>;
type Verdict = { readonly cause: Cause; readonly fact: string };

/**
 * The strongest evidence speaks first: both releases side by side under the same circumstances; then whose trouble it
 * is, what was there before, and what else is down; the time of the changes comes last, because it proves nothing.
 */
export function attribute(given: Circumstances): Attribution {
  const bad = given.findings.filter((finding) => finding.outcome === "bad");
  const onset = onsetOf(given.since, bad);
  const changes = rank(given.changes, onset);
  if (bad.length === 0) return { cause: "unknown", changes, facts: ["Nothing is proven to be wrong."] };
  const verdict =
    sideBySide(given, changes) ??
    oneClient(bad) ??
    thereBefore(given) ??
    fromOutside(given, onset) ??
    byTime(changes, given.reachS ?? Number.POSITIVE_INFINITY);
  return { cause: verdict.cause, changes, facts: [...alarmFacts(bad), verdict.fact, ...cleanFacts(given)] };
}

/** Wall clock of the earliest onset among what is broken for many, else among all. */
function onsetOf(since: number, bad: readonly Bad[]): number {
  const wide = bad.filter((finding) => finding.breadth !== "single-client");
  const seconds = (wide.length > 0 ? wide : bad).map(({ onsetS }) => onsetS ?? 0);
  return since + Math.min(...(seconds.length > 0 ? seconds : [0])) * 1_000;
}

/** Nearest before the onset first; what came clearly after it cannot be the cause and comes last. */
function rank(changes: readonly Change[], onset: number): readonly RankedChange[] {
  const late = ({ distanceS }: RankedChange) => distanceS < -onsetSlackS;
  return changes
    .map((change) => ({ ...change, distanceS: (onset - change.at) / 1_000 }))
    .sort((a, b) => Number(late(a)) - Number(late(b)) || Math.abs(a.distanceS) - Math.abs(b.distanceS));
}

function sideBySide({ findings }: Circumstances, changes: readonly RankedChange[]): Verdict | null {
  const control = findings.find(({ stream }) => stream === "control");
  if (control?.outcome === "bad") {
    return {
      cause: "release",
      fact: `Both releases serve at the same time, and only the new one is worse: ${control.why}.`,
    };
  }
  if (control?.outcome !== "verified" || findings.every((one) => !failsForAll(one))) return null;
  const flag = suspect(changes);
  const both = `The release before it serves at the same time and is no better: ${control.why}.`;
  return flag?.kind === "flag"
    ? { cause: "flag", fact: `${both} ${nearest(flag)}` }
    : { cause: "external", fact: `${both} What hits both comes from outside of the release.` };
}

function failsForAll(finding: Finding): boolean {
  return finding.outcome === "bad" && finding.breadth !== "single-client";
}

function oneClient(bad: readonly Bad[]): Verdict | null {
  if (bad.some(({ breadth }) => breadth !== "single-client")) return null;
  return { cause: "single-client", fact: "All trouble that is proven is that of single clients." };
}

function thereBefore({ clean, before, failures }: Circumstances): Verdict | null {
  if (clean === false) {
    return { cause: "pre-existing", fact: "There was an alarm already before the change." };
  }
  if (before === null) return null;
  const share = newShare(before, failures);
  if (share === null || share >= mostly) return null;
  const fact = `${percent(1 - share)} of the failures were there before, on the same routes and as often.`;
  return { cause: "pre-existing", fact };
}

function fromOutside({ dependencies, failures }: Circumstances, onset: number): Verdict | null {
  const down = dependencies
    .flatMap((one) => {
      const stopped = stoppedAt(one, onset);
      return stopped === null ? [] : [{ name: one.name, leadS: (onset - stopped) / 1_000 }];
    })
    .find(({ leadS }) => leadS >= -onsetSlackS && leadS <= dependencyReachS);
  if (down) {
    const { leadS } = down;
    const when = leadS >= 1 ? `${duration(leadS)} before the trouble began` : "when the trouble began";
    return { cause: "external", fact: `${down.name} does not answer its own probe; it stopped ${when}.` };
  }
  const outside = pointsOutside(failures);
  if (outside === null || outside.share < mostly) return null;
  const fact = `${percent(outside.share)} of the failures are gateway errors that name ${outside.upstream}.`;
  return { cause: "external", fact };
}

/** Between two looks nobody knows when it stopped: then it may have been when the trouble began. */
function stoppedAt({ failingSince, answered }: Dependency, onset: number): number | null {
  if (failingSince === null) return null;
  return Math.min(failingSince, Math.max(onset, answered ?? failingSince));
}

const blames: Readonly<Record<Change["kind"], Cause>> = {
  deploy: "release",
  migration: "release",
  flag: "flag",
  config: "unknown",
  certificate: "unknown",
  env: "unknown",
};

function byTime(changes: readonly RankedChange[], reachS: number): Verdict {
  const change = suspect(changes);
  if (!change) return { cause: "unknown", fact: "No change is known from before the trouble began." };
  if (change.distanceS > reachS)
    return { cause: "unknown", fact: `${nearest(change)} That is too long before to be blamed by its time.` };
  return { cause: blames[change.kind], fact: nearest(change) };
}

function suspect(changes: readonly RankedChange[]): RankedChange | null {
  const first = changes[0];
  return first && first.distanceS >= -onsetSlackS ? first : null;
}

function nearest({ kind, name, distanceS }: RankedChange): string {
  const when = distanceS >= 1 ? `${duration(distanceS)} before the trouble began` : "when the trouble began";
  return `The nearest change is the ${words[kind]} ${name}, ${when}.`;
}

const words: Readonly<Record<Change["kind"], string>> = {
  deploy: "deploy of",
  migration: "migration",
  flag: "switch of the flag",
  config: "change of the config",
  certificate: "change of the certificate",
  env: "change of the environment value",
};

function alarmFacts(bad: readonly Bad[]): readonly string[] {
  const streams = [...new Set(bad.map(({ stream }) => stream))];
  const clients = Math.max(...bad.map(({ errorClients }) => errorClients));
  const from = clients > 0 ? `, met by ${plural(clients, "client")}` : "";
  return [`In alarm: ${streams.join(", ")}${from}.`];
}

function cleanFacts({ clean, before }: Circumstances): readonly string[] {
  return [
    ...(clean === true ? ["Nothing was in alarm before the change."] : []),
    ...(before === null ? ["What failed before the change is not known."] : []),
  ];
}
