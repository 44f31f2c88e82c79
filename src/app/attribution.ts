// Whose doing a finding is: what was seen, beside what the journal knows of before.
import { attribute } from "../core/attribute/attribute.ts";
import type { Attribution } from "../core/attribute/attribution.ts";
import { failedBefore } from "../core/detect/usual.ts";
import type { WatchState } from "../core/env-state.ts";
import { envState } from "../core/state.ts";
import { failingSince } from "../engine/dependencies.ts";
import type { Watched } from "../engine/observe.ts";
import type { App } from "./app.ts";
import { recentChanges } from "./changes.ts";

export function attributionOf(app: App, watch: WatchState, watched: Watched): Attribution {
  const { hours } = envState(app.deps.ledger.state(), watch.env);
  return attribute({
    since: watch.startedAt,
    findings: watched.findings,
    changes: recentChanges(app, watch.env),
    failures: watched.failing,
    before: failedBefore(hours),
    clean: watch.clean ?? null,
    dependencies: failingSince(watched.dependencies),
  });
}
