// What may not begin, and why. Pure: the fold in, a refusal out.
import type { EnvState } from "../env-state.ts";
import type { Release } from "../release.ts";
import type { Problem } from "../result.ts";
import type { RunState } from "../run.ts";
import { isQuarantined } from "../view/releases.ts";

/** A quarantined digest does not go out again, whatever the version is called, until a person lifts it. */
export function guardQuarantine(env: EnvState, release: Release): Problem | null {
  if (!isQuarantined(env, release.digest)) return null;
  const entry = env.quarantine[release.digest];
  const other = entry && entry.release !== release.id ? ` (the same files as ${entry.release})` : "";
  return {
    code: "quarantined",
    what: `${release.version}${other} is quarantined since ${new Date(entry?.at ?? 0).toISOString()}: ${entry?.why ?? ""}`,
    next: `Mend it and deploy a new version, or lift it: lastgood deploy ${release.version} --lift "why it is safe now"`,
  };
}

/** One run at a time. A paused one is a person's business; a way back may supersede it. */
export function guardLock(run: RunState | null, goingBack: boolean): Problem | null {
  if (!run || run.status === "ended") return null;
  if (run.status === "paused") {
    if (goingBack) return null;
    const what = `the ${run.plan.kind} of ${run.plan.target} is paused: ${run.why?.what ?? "a person is asked"}`;
    return {
      code: "needs-person",
      what,
      next: "lastgood rollback goes to last good; lastgood lock break gives it up as it is.",
    };
  }
  const what = `a ${run.plan.kind} of ${run.plan.target} is under way, asked for by ${run.by}`;
  return {
    code: "busy",
    what,
    next: "Wait for it, or stop it: lastgood lock break. See lastgood lock show.",
  };
}
