// What the controller knows by heart: asked by doctor, answered without touching a disk or a target.
import type { JsonObject } from "../core/json.ts";
import { servicesOf } from "../core/release.ts";
import { envState } from "../core/state.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { knownReleases, lastGood } from "../core/view/releases.ts";
import type { App } from "./app.ts";
import { openRun } from "./open-run.ts";

export function vitals(app: App): Outcome {
  const { holder, ledger } = app.deps;
  const data = {
    controller: { ...holder },
    config: app.config,
    journal: {
      head: ledger.journal.head(),
      epoch: ledger.journal.epoch(),
      diskFull: ledger.journal.diskFull(),
    },
    environments: [...app.sites.keys()].map((env) => environment(app, env)),
  };
  return {
    verb: "vitals",
    env: null,
    outcome: "done",
    what: "The controller answers.",
    means: "",
    next: "",
    problem: null,
    data,
  };
}

function environment(app: App, name: string): JsonObject {
  const env = envState(app.deps.ledger.state(), name);
  const serving = env.serving === null ? undefined : env.releases[env.serving];
  const run = openRun(app, name);
  const finding = app.watching.live.get(name) ?? env.watch?.finding ?? null;
  return {
    env: name,
    serving: env.serving,
    since: env.servingSince,
    lastGood: lastGood(env, env.serving)?.release.id ?? null,
    /** The newest that passed its watch, whatever serves: what break-glass brings back. */
    newestGood: lastGood(env)?.release.id ?? null,
    run: run
      ? {
          run: run.run,
          kind: run.plan.kind,
          target: run.plan.target,
          status: run.status,
          why: run.why?.what ?? null,
        }
      : null,
    watch: env.watch
      ? {
          release: env.watch.release,
          startedAt: env.watch.startedAt,
          forMs: env.watch.forMs,
          finding: finding?.outcome ?? null,
          why: finding?.why ?? null,
        }
      : null,
    /** Services of what serves, and where they are asked. */
    services: servicesOf(serving?.release ?? null).map((service) => {
      const spec = serving?.release.services[service];
      return { service, routed: spec?.routed ?? false, path: spec?.health.path ?? null };
    }),
    /** What edges are told from: doctor builds its own look at them. */
    known: knownReleases(app.deps.ledger.state(), name).map((release) => ({ ...release })),
    quarantined: Object.keys(env.quarantine).length,
    /** What doctor says of the way back. */
    backups: { ...env.backups } as unknown as JsonObject,
  };
}
