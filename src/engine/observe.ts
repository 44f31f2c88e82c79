// Follows one watch: reads its signals, feeds detection, and says when there is something to say.
import type { Failing } from "../core/attribute/fingerprint.ts";
import { type Arrivals, arrived, heardTo, startArrivals } from "../core/detect/arrivals.ts";
import type { Finding, Observation } from "../core/detect/finding.ts";
import {
  concludeStreams,
  type Heard,
  observeDeath,
  observeHealth,
  observeOld,
  observePayment,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../core/detect/streams.ts";
import type { WatchState } from "../core/env-state.ts";
import type { Json, JsonObject } from "../core/json.ts";
import type { SignalEvent } from "../core/signals/event.ts";
import type { Clock } from "../ports/clock.ts";
import type { Batch, Signals } from "../ports/signals.ts";
import { askedSince, type Dependencies, noteDependency, type Suspicion, suspicion } from "./dependencies.ts";

/** How long a look at the sources is left alone: bounds the delay of detection and the idle cost. */
const pauseMs = 25;
/** A source that is silent is asked again; only after this long without a sign of life is the watch called blind. */
const blindAfterMs = 5_000;

export type Watched = {
  /** The worst of all. */
  readonly finding: Finding;
  /** What each stream says. */
  readonly findings: readonly Finding[];
  /** How requests failed, and which services of others do not answer: for attribution. */
  readonly failing: Failing;
  readonly dependencies: Dependencies;
  readonly elapsedMs: number;
};

type Source = {
  readonly signals: Signals;
  position: Json;
  /** Why it has been silent for too long; null while it speaks. */
  blind: string | null;
  silentSince: number | null;
};

/** What was seen so far. */
type Sight = {
  readonly watch: WatchState;
  readonly streams: Streams;
  readonly dependencies: Dependencies;
  /** How far the sources of requests are read; null: nothing is expected whose silence would tell. */
  readonly arrivals: Arrivals | null;
  /** Seconds since the watch began. */
  nowS(): number;
};

type Control = {
  readonly signal: AbortSignal;
  enough(watched: Watched): boolean;
  /** Not the watch of a release: its own chance of a false alarm, and no hurry. */
  readonly outside?: { readonly alpha: number; pauseMs(now: Watched): number };
};

/**
 * Runs until `enough` says so or the signal aborts; returns the newest finding. `enough` is asked after each look.
 * Everything is re-read from the positions in the watch, so a restarted controller comes to the same finding.
 */
export async function observeWatch(
  clock: Clock,
  watch: WatchState,
  sources: readonly Signals[],
  control: Control,
): Promise<Watched> {
  const { threshold, forMs, expects } = watch;
  const heard = heardBy(watch, sources);
  const streams = startStreams({
    threshold,
    horizonS: Math.ceil(forMs / 1_000),
    heard,
    ...(expects ? { expects } : {}),
    ...(control.outside ? { alpha: control.outside.alpha, anchor: watch.startedAt } : {}),
  });
  const offsetMs = Math.max(0, clock.now() - watch.startedAt) - clock.elapsed();
  const sight: Sight = {
    watch,
    streams,
    dependencies: new Map(),
    arrivals: streams.silence.length === 0 ? null : startArrivals(namesOf(sources)),
    nowS: () => (offsetMs + clock.elapsed()) / 1_000,
  };
  const positions = watch.from as JsonObject;
  const open = sources.map(
    (signals): Source => ({
      signals,
      position: positions[signals.name] ?? null,
      blind: null,
      silentSince: null,
    }),
  );
  let suspected: Suspicion = null;
  for (;;) {
    const more = await lookAll(clock, open, sight, control.signal);
    const elapsedMs = offsetMs + clock.elapsed();
    const watched = { ...concluded(sight, open, elapsedMs / 1_000), elapsedMs };
    suspected = suspicion(suspected, failsForMany(watched.finding), clock);
    // Whose doing it is has to be known before anything is done about it, and the last answers may be old.
    const known = askedSince(sight.dependencies, suspected, clock);
    if (control.signal.aborted || (known && control.enough(watched))) return watched;
    if (!known) for (const { signals } of open) signals.hurry?.();
    await clock.sleep(more ? 0 : (control.outside?.pauseMs(watched) ?? pauseMs), control.signal);
  }
}

function namesOf(sources: readonly Signals[]): readonly string[] {
  return sources.filter(({ about }) => about === "requests").map(({ name }) => name);
}

function failsForMany(finding: Finding): boolean {
  return finding.outcome === "bad" && finding.breadth !== "single-client";
}

function heardBy(watch: WatchState, sources: readonly Signals[]): Heard {
  const has = (about: Signals["about"]) => sources.some((source) => source.about === about);
  const errors = has("requests");
  return {
    errors,
    probe: has("probes"),
    // Both may get requests only while the former one has not been left for good.
    control: errors && watch.after === "deploy" && watch.previous !== null,
    restarts: has("state"),
  };
}

function concluded({ streams, dependencies, arrivals }: Sight, open: readonly Source[], nowS: number) {
  const deaf = open.some(({ signals, silentSince }) => signals.about === "requests" && silentSince !== null);
  tickStreams(streams, nowS, deaf, arrivals === null ? undefined : heardTo(arrivals, nowS));
  const blind = { errors: blindOf(open, "requests"), probe: blindOf(open, "probes") };
  const { worst, all } = concludeStreams(streams, { nowS, blind });
  return {
    finding: worst,
    findings: all,
    failing: { requests: streams.errors.requests, by: streams.failing.by },
    dependencies,
  };
}

/**
 * After an outage of ours, or under much load, a source may have more to tell than one look takes: it goes on for as
 * long as findings may wait, as drawing them costs too. True: there is still more.
 */
async function lookAll(clock: Clock, open: readonly Source[], sight: Sight, signal: AbortSignal) {
  const began = clock.elapsed();
  let behind = open;
  do {
    const more: Source[] = [];
    for (const source of behind) if (await look(clock, source, sight)) more.push(source);
    behind = more;
  } while (behind.length > 0 && !signal.aborted && clock.elapsed() - began < pauseMs);
  return behind.length > 0;
}

/** True: the source has more to tell than one look took. */
async function look(clock: Clock, source: Source, sight: Sight): Promise<boolean> {
  const batch = await source.signals.observe(source.position);
  const silent = batch.ok ? batch.value.blind : batch.error.what;
  source.silentSince = silent === null ? null : (source.silentSince ?? clock.elapsed());
  const tooLong = source.silentSince !== null && clock.elapsed() - source.silentSince >= blindAfterMs;
  source.blind = tooLong ? `${source.signals.name}: ${silent}` : null;
  if (!batch.ok) return false;
  source.position = batch.value.next;
  noteArrivals(sight, source.signals, batch.value);
  for (const seen of batch.value.observations) see(sight, source.signals.about, seen);
  for (const event of batch.value.events ?? []) hear(sight, event);
  return batch.value.more === true;
}

/** Lines are written when their request has ended. */
function noteArrivals({ arrivals, watch, nowS }: Sight, { name, about }: Signals, batch: Batch): void {
  if (arrivals === null || about !== "requests") return;
  const writtenS = batch.observations.map(({ at, ms }) => (at + ms - watch.startedAt) / 1_000);
  arrived(arrivals, name, { writtenS, nowS: nowS(), more: batch.more === true });
}

function see({ watch, streams, dependencies }: Sight, about: Signals["about"], seen: Observation): void {
  if (about === "dependency" || about === "metrics") noteDependency(dependencies, seen);
  // What another system tells of payments is of no release, and only as old as it says.
  else if (about === "events" && seen.at >= watch.startedAt) observePayment(streams, timed(seen, watch));
  else if (seen.release === watch.release) {
    if (about === "probes") observeHealth(streams, timed(seen, watch));
    else if (about === "requests") observeRequest(streams, timed(seen, watch));
  } else if (about === "requests" && seen.release === watch.previous && seen.at >= watch.startedAt) {
    observeOld(streams, timed(seen, watch));
  }
}

function hear({ watch, streams }: Sight, event: SignalEvent): void {
  const died = event.kind === "restart" || event.kind === "oom";
  if (!died || event.at < watch.startedAt) return;
  if (event.release !== undefined && event.release !== watch.release) return;
  const atS = (event.at - watch.startedAt) / 1_000;
  observeDeath(streams, { atS, times: event.weight ?? 1, outOfMemory: event.kind === "oom" });
}

function blindOf(open: readonly Source[], about: Signals["about"]): string | null {
  return open.find((one) => one.signals.about === about && one.blind !== null)?.blind ?? null;
}

/** Seconds since the deploy. A wall clock that was set back must not hide requests: they are this release's own. */
function timed(seen: Observation, { startedAt }: WatchState) {
  const { at, ok, client, route, status, ms, upstream, instance } = seen;
  const atS = Math.max(0, (at - startedAt) / 1_000);
  // One object a request, not several: this is on the way of every line.
  if (upstream === undefined && instance === undefined) return { atS, ok, client, route, status, ms };
  return {
    atS,
    ok,
    client,
    route,
    status,
    ms,
    ...(upstream === undefined ? {} : { upstream }),
    ...(instance === undefined ? {} : { instance }),
  };
}
