// How a deploy ends, in words and as data.
import type { Finding } from "../core/detect/finding.ts";
import type { JsonObject } from "../core/json.ts";
import type { Release } from "../core/release.ts";
import type { RunState } from "../core/run.ts";
import { envState } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { runData } from "../core/view/run-data.ts";
import type { App, Site, WatchEnd } from "./app.ts";

/** A run that was taken back, or that waits for a person. */
export function notDone(verb: string, env: string, run: RunState): Outcome {
  const why = run.why ?? {
    code: "failed" as const,
    what: "it did not end",
    next: "lastgood status shows more.",
  };
  const base = { verb, env, what: why.what, next: why.next, problem: why, data: runData(run) };
  if (run.status === "paused") {
    return {
      ...base,
      outcome: "waits",
      means: "The run is paused; what it had switched stays as it is. lastgood status shows what serves.",
    };
  }
  const served = Object.values(run.do).some((step) => servingKinds.includes(step.kind));
  const means = run.plan.from ? `${run.plan.from} serves; nothing was lost.` : "Nothing serves, as before.";
  return { ...base, outcome: served && run.plan.kind !== "rollback" ? "rolled-back" : "failed", means };
}

/** Once one of these was begun, people may have met the new release. */
const servingKinds = ["traffic.switch", "service.rollout"];

export function waiting(env: string, release: Release, run: RunState): Outcome {
  return {
    verb: "deploy",
    env,
    outcome: "done",
    what: `${release.version} serves ${env}.`,
    means:
      "It is not good yet: it counts as good once it has passed its watch, which needs a running controller (lastgood serve).",
    next: "lastgood status shows the watch.",
    problem: null,
    data: { ...runData(run), serving: release.id },
  };
}

type Watched = { readonly release: Release; readonly run: RunState; readonly end: WatchEnd };

export function watched(app: App, site: Site, { release, run, end }: Watched): Outcome {
  const { env } = site.settings;
  const serving = envState(app.deps.ledger.state(), env).serving;
  const data: JsonObject = {
    ...runData(run),
    serving,
    finding: findingData(end.finding),
    rollback: end.rollback,
    helped: end.helped,
  };
  const base = { verb: "deploy", env, problem: null, data };
  const why = end.finding.why;
  if (end.outcome === "verified") {
    return {
      ...base,
      outcome: "done",
      what: `${release.version} is good.`,
      means: why,
      next: "Nothing to do.",
    };
  }
  if (end.rollback !== null && serving !== release.id) return rolledBack(base, release, serving, end);
  if (end.outcome === "bad") {
    const next = "lastgood rollback goes back; lastgood status shows the evidence.";
    return {
      ...base,
      outcome: "waits",
      what: `${release.version} is bad and still serves.`,
      means: why,
      next,
    };
  }
  const next = "The watch goes on while a controller runs (lastgood serve). lastgood status shows it.";
  return {
    ...base,
    outcome: "waits",
    what: `${release.version} serves, but is not proven good yet.`,
    means: why,
    next,
  };
}

function rolledBack(
  base: Pick<Outcome, "verb" | "env" | "problem" | "data">,
  release: Release,
  serving: string | null,
  end: WatchEnd,
): Outcome {
  const helped =
    end.helped === false
      ? " Errors go on all the same: the release was not the cause. A person is needed."
      : "";
  return {
    ...base,
    outcome: "rolled-back",
    what: `${release.version} was bad; ${serving ?? "nothing"} serves again.`,
    means: `${end.finding.why}${helped}`,
    next: "Mend it and deploy a new version; this one is quarantined. lastgood history shows the timeline.",
  };
}

export function findingData(finding: Finding): JsonObject {
  return { ...finding } as JsonObject;
}
