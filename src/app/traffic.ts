// Counts the traffic of what serves, hour by hour: from it later releases know what is usual.
import { countObservation, hourMs, startTally, summed, type Tally } from "../core/detect/hour.ts";
import { isTrouble } from "../core/detect/vigil.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Release } from "../core/release.ts";
import { envState } from "../core/state.ts";
import type { Signals } from "../ports/signals.ts";
import type { App, Site } from "./app.ts";
import { looked } from "./watch-start.ts";

const pauseMs = 5_000;
/** A log that grew a lot is read in so many pieces, before others get their turn. */
const batches = 64;
/** What was counted for less than this says little. */
const leastMs = 10 * 60_000;

type Reader = { readonly release: string; readonly sources: readonly Signals[]; readonly at: JsonObject };

/** Runs until the controller stops. An hour in which anything was wrong, or not to be heard, is no example. */
export async function countTraffic(app: App, site: Site): Promise<void> {
  const { clock } = app.deps;
  let reader: Reader | null = null;
  let tally = startTally(clock.now(), looked(site));
  let spoilt = false;
  while (!app.stopping.aborted) {
    reader = await readerOf(app, site, reader);
    const heard = reader !== null && (await read(reader, site, tally));
    spoilt ||= !heard || isBad(app, site);
    const now = clock.now();
    if (Math.floor(now / hourMs) !== tally.hour) {
      if (!spoilt) record(app, site, tally, now);
      tally = startTally(now, looked(site));
      spoilt = false;
    }
    await clock.sleep(pauseMs, app.stopping);
  }
  if (!spoilt) record(app, site, tally, clock.now());
}

/** Another release serves: its sources, from now on. Null while there is nothing to read. */
async function readerOf(app: App, site: Site, former: Reader | null): Promise<Reader | null> {
  const { serving, releases } = envState(app.deps.ledger.state(), site.settings.env);
  const release = serving === null ? undefined : releases[serving]?.release;
  if (!release) return null;
  return former?.release === release.id ? former : startReader(site, release);
}

async function startReader(site: Site, release: Release): Promise<Reader | null> {
  const sources = site.signals(release).filter(({ about }) => about === "requests");
  if (sources.length === 0) return null;
  const at: JsonObject = {};
  for (const source of sources) {
    const position = await source.position();
    if (!position.ok) return null;
    at[source.name] = position.value;
  }
  return { release: release.id, sources, at };
}

/** CHANGES `reader` and `tally`. False: a source could not be heard. */
async function read({ sources, at, release }: Reader, site: Site, tally: Tally): Promise<boolean> {
  const what = looked(site);
  for (const source of sources) {
    for (let i = 0; i < batches; i++) {
      const batch = await source.observe(at[source.name] as Json);
      if (!batch.ok || batch.value.blind !== null) return false;
      at[source.name] = batch.value.next;
      for (const seen of batch.value.observations) {
        if (seen.release === release) countObservation(tally, seen, what);
      }
      if (batch.value.observations.length === 0) break;
    }
  }
  return true;
}

function isBad(app: App, site: Site): boolean {
  const { env } = site.settings;
  const { watch, vigil } = envState(app.deps.ledger.state(), env);
  const live = app.watching.live.get(env) ?? watch?.finding;
  return live?.outcome === "bad" || isTrouble(vigil);
}

function record(app: App, site: Site, tally: Tally, now: number): void {
  if (now - tally.fromMs < leastMs) return;
  const data = { env: site.settings.env, ...summed(tally, now) };
  app.deps.ledger.record([{ type: "traffic.counted", data }]);
}
