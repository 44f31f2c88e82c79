// All streams of one watch, and the one finding that counts.

import { assert } from "../result.ts";
import { defaultAlpha } from "./error-finding.ts";
import type { ErrorStream } from "./error-state.ts";
import { conclude, observe, type Seen, startErrorStream, tick } from "./error-stream.ts";
import type { Finding } from "./finding.ts";
import {
  concludeProbes,
  observeProbe,
  type ProbeStream,
  startProbeStream,
  tickProbes,
} from "./probe-stream.ts";

/**
 * Parts of the deploy's alpha. The chance that any stream alarms falsely is at most the sum of the parts, so the
 * sum must not exceed 1. With a half each, probes need E >= 2000: three failures in a row after the deploy
 * instead of two; for two they need a share of 0.995.
 */
const defaultShares: Shares = { errors: 0.5, probe: 0.5 };

export type Shares = { readonly errors: number; readonly probe: number };

export type StreamsOptions = {
  /** The request failure rate that is still allowed; see `errorThreshold`. */
  readonly threshold: number;
  /** Length of the watch, seconds. */
  readonly horizonS: number;
  /** False-alarm chance of the whole deploy. */
  readonly alpha?: number;
  readonly shares?: Shares;
};

/** Plain data (it survives JSON). */
export type Streams = { readonly errors: ErrorStream; readonly probe: ProbeStream };

export type Blindness = { readonly errors: string | null; readonly probe: string | null };

/** Which streams have a source here at all: of an edge without a log that we can read, nobody expects requests. */
export type Heard = { readonly errors: boolean; readonly probe: boolean };

export function startStreams(options: StreamsOptions): Streams {
  const { threshold, horizonS, alpha = defaultAlpha, shares = defaultShares } = options;
  assert(shares.errors + shares.probe <= 1, "the shares of alpha add up to more than 1");
  return {
    errors: startErrorStream({ threshold, horizonS, alpha: alpha * shares.errors }),
    probe: startProbeStream({ horizonS, alpha: alpha * shares.probe }),
  };
}

/** A request of a user. CHANGES `streams`. */
export function observeRequest(streams: Streams, seen: Seen): void {
  observe(streams.errors, seen);
}

/** A health probe of ours. CHANGES `streams`. */
export function observeHealth(streams: Streams, probe: { readonly atS: number; readonly ok: boolean }): void {
  observeProbe(streams.probe, probe);
}

/** Let the clock pass. CHANGES `streams`. */
export function tickStreams(streams: Streams, nowS: number): void {
  tick(streams.errors, nowS);
  tickProbes(streams.probe, nowS);
}

/** What each stream says, and the worst of it. Reads only. */
export function concludeStreams(
  streams: Streams,
  context: { readonly nowS: number; readonly blind: Blindness; readonly heard?: Heard },
): { readonly worst: Finding; readonly all: readonly [Finding, ...Finding[]] } {
  const { nowS, blind, heard = everything } = context;
  const errors = conclude(streams.errors, { nowS, blind: blind.errors });
  const probe = concludeProbes(streams.probe, { blind: blind.probe });
  // With no source at all it is for the errors to say that nothing was seen.
  const all = [
    ...(heard.errors || !heard.probe ? [errors] : []),
    ...(heard.probe ? [probe] : []),
  ] as unknown as readonly [Finding, ...Finding[]];
  return { worst: worst(all), all };
}

const everything: Heard = { errors: true, probe: true };

/**
 * The finding that counts. Bad beats blind: what was proven stays true when the source falls silent after it.
 * Blind beats undecided: with a source gone, waiting for more requests may be in vain. Undecided beats verified:
 * every stream has to clear the release. Among bad ones, that nobody is served comes first, one client's
 * trouble last. Equal ones: the first.
 */
export function worst(findings: readonly [Finding, ...Finding[]]): Finding {
  return findings.reduce((a, b) => (rank(b) > rank(a) ? b : a));
}

function rank(finding: Finding): number {
  if (finding.outcome === "bad") return { down: 5, broad: 4, "single-client": 3 }[finding.breadth];
  return { blind: 2, undecided: 1, verified: 0 }[finding.outcome];
}
