// Follows one watch: reads its signals, feeds detection, and says when there is something to say.
import type { Finding, Observation } from "../core/detect/finding.ts";
import {
  concludeStreams,
  observeHealth,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../core/detect/streams.ts";
import type { WatchState } from "../core/env-state.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { Clock } from "../ports/clock.ts";
import type { Signals } from "../ports/signals.ts";

/** How long a look at the sources is left alone: bounds the delay of detection and the idle cost. */
const pauseMs = 25;
/** A source that is silent is asked again; only after this long without a sign of life is the watch called blind. */
const blindAfterMs = 5_000;

export type Watched = { readonly finding: Finding; readonly elapsedMs: number };

type Source = {
  readonly signals: Signals;
  position: Json;
  /** Why it has been silent for too long; null while it speaks. */
  blind: string | null;
  silentSince: number | null;
};

/**
 * Runs until `enough` says so or the signal aborts; returns the newest finding. `enough` is asked after each look.
 * Everything is re-read from the positions in the watch, so a restarted controller comes to the same finding.
 */
export async function observeWatch(
  clock: Clock,
  watch: WatchState,
  sources: readonly Signals[],
  control: { readonly signal: AbortSignal; enough(watched: Watched): boolean },
): Promise<Watched> {
  const streams = startStreams({ threshold: watch.threshold, horizonS: watch.forMs / 1_000 });
  const positions = watch.from as JsonObject;
  const open = sources.map(
    (signals): Source => ({
      signals,
      position: positions[signals.name] ?? null,
      blind: null,
      silentSince: null,
    }),
  );
  const heard = {
    errors: sources.some((source) => source.about === "requests"),
    probe: sources.some((source) => source.about === "probes"),
  };
  const offsetMs = Math.max(0, clock.now() - watch.startedAt) - clock.elapsed();
  for (;;) {
    for (const source of open) await look(clock, watch, source, streams);
    const elapsedMs = offsetMs + clock.elapsed();
    const nowS = elapsedMs / 1_000;
    tickStreams(streams, nowS);
    const blind = { errors: blindOf(open, false), probe: blindOf(open, true) };
    const watched = { finding: concludeStreams(streams, { nowS, blind, heard }).worst, elapsedMs };
    if (control.signal.aborted || control.enough(watched)) return watched;
    await clock.sleep(pauseMs, control.signal);
  }
}

async function look(clock: Clock, watch: WatchState, source: Source, streams: Streams): Promise<void> {
  const batch = await source.signals.observe(source.position);
  const silent = batch.ok ? batch.value.blind : batch.error.what;
  source.silentSince = silent === null ? null : (source.silentSince ?? clock.elapsed());
  const tooLong = source.silentSince !== null && clock.elapsed() - source.silentSince >= blindAfterMs;
  source.blind = tooLong ? `${source.signals.name}: ${silent}` : null;
  if (!batch.ok) return;
  source.position = batch.value.next;
  for (const seen of batch.value.observations) {
    if (seen.release !== watch.release) continue;
    if (source.signals.about === "probes") observeHealth(streams, timed(seen, watch));
    else observeRequest(streams, timed(seen, watch));
  }
}

function blindOf(open: readonly Source[], probe: boolean): string | null {
  return open.find((one) => (one.signals.about === "probes") === probe && one.blind !== null)?.blind ?? null;
}

/** Seconds since the deploy. A wall clock that was set back must not hide requests: they are this release's own. */
function timed(seen: Observation, watch: WatchState) {
  return { atS: Math.max(0, (seen.at - watch.startedAt) / 1_000), ok: seen.ok, client: seen.client };
}
