// Opening a watch: where reading begins, and what is still tolerated.

import type { Finding } from "../core/detect/finding.ts";
import type { Looked } from "../core/detect/hour.ts";
import { errorThreshold } from "../core/detect/threshold.ts";
import { usual } from "../core/detect/usual.ts";
import { isSlowness } from "../core/detect/worst.ts";
import type { WatchState } from "../core/env-state.ts";
import type { EventData, NewEvent } from "../core/event.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Release } from "../core/release.ts";
import { ok, type Result } from "../core/result.ts";
import { envState } from "../core/state.ts";
import type { App, Site } from "./app.ts";

/** A way back is watched this long at most to see whether it helped. */
const confirmMs = 60_000;

type Start = {
  readonly release: Release;
  readonly previous: string | null;
  readonly after: EventData<"watch.started">["after"];
  readonly from?: Json;
};

/** Positions of all signals, before the switch. */
export async function watchPositions(site: Site, release: Release): Promise<Result<Json>> {
  const positions: JsonObject = {};
  for (const source of site.signals(release)) {
    const position = await source.position();
    if (!position.ok) return position;
    positions[source.name] = position.value;
  }
  return ok(positions);
}

export async function startWatch(app: App, site: Site, start: Start): Promise<Result<string>> {
  const from = start.from === undefined ? await watchPositions(site, start.release) : ok(start.from);
  if (!from.ok) return from;
  const { env, watch } = site.settings;
  const id = app.ids.fresh("watch");
  const before = envState(app.deps.ledger.state(), env);
  const threshold = Math.max(watch.tolerate, errorThreshold(before.baseline));
  const { release, previous, after } = start;
  const forMs = after === "deploy" ? watch.forMs : Math.min(watch.forMs, confirmMs);
  const expects = usual(before.hours, looked(site), app.deps.clock.now(), forMs);
  const ended = superseded(app, env);
  const opened = { watch: id, env, release: release.id, previous, after, forMs, from: from.value };
  const data = { ...opened, threshold, expects, ...clean(app, env, release.id) };
  app.deps.ledger.record([...ended, { type: "watch.started", data }]);
  return ok(id);
}

/** Whose payments and events are counted here. */
export function looked({ settings: { watch } }: Site): Looked {
  return { payments: watch.payments ?? [], events: watch.events ?? [] };
}

/** What was found last before this watch: an alarm from then is nothing that it may be blamed for. */
function clean(app: App, env: string, release: string): { readonly clean?: boolean } {
  const { watch, lastWatch } = envState(app.deps.ledger.state(), env);
  const found = app.watching.live.get(env) ?? watch?.finding;
  if (watch && found) return watch.release === release || isMild(found) ? {} : { clean: !isWide(found) };
  if (!lastWatch || lastWatch.release === release) return {};
  return { clean: lastWatch.outcome !== "bad" };
}

function isWide(finding: Finding): boolean {
  return finding.outcome === "bad" && finding.breadth !== "single-client";
}

/** That it was slow before excuses no release that fails. */
function isMild({ outcome, stream }: Finding): boolean {
  return outcome === "bad" && isSlowness(stream);
}

/** The watch that is open, as ended: from a new switch on it could not be told which release is to blame. */
export function superseded(app: App, env: string): readonly NewEvent[] {
  const watch = envState(app.deps.ledger.state(), env).watch;
  if (!watch) return [];
  const { requests = 0, errors = 0 } = watch.finding ?? {};
  const data = { watch: watch.watch, outcome: "superseded" as const, requests, errors };
  return [{ type: "watch.ended", data: { ...data, ...seenOf(app, watch) } }];
}

/** What users saw in this watch, where somebody follows it. */
export function seenOf(app: App, { env, watch }: Pick<WatchState, "env" | "watch">) {
  const found = app.watching.seen.get(env);
  return found?.watch === watch ? { seen: found.summary() } : {};
}
