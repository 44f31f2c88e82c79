// Opening a watch: where reading begins, and what is still tolerated.
import { errorThreshold } from "../core/detect/threshold.ts";
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
  const threshold = Math.max(watch.tolerate, errorThreshold(envState(app.deps.ledger.state(), env).baseline));
  const { release, previous, after } = start;
  const forMs = after === "deploy" ? watch.forMs : Math.min(watch.forMs, confirmMs);
  app.deps.ledger.record([
    ...superseded(app, env),
    {
      type: "watch.started",
      data: { watch: id, env, release: release.id, previous, after, forMs, from: from.value, threshold },
    },
  ]);
  return ok(id);
}

/** The watch that is open, as ended: from a new switch on it could not be told which release is to blame. */
export function superseded(app: App, env: string): readonly NewEvent[] {
  const watch = envState(app.deps.ledger.state(), env).watch;
  if (!watch) return [];
  const { requests = 0, errors = 0 } = watch.finding ?? {};
  return [{ type: "watch.ended", data: { watch: watch.watch, outcome: "superseded", requests, errors } }];
}
