// A recorded log played through detection as if a release had gone out at one of its moments.
import type { Finding } from "../detect/finding.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../detect/streams.ts";
import type { Recorded } from "./recorded.ts";

/** A regression that is put into the log: this share of what went well fails, from so long after the deploy on. */
export type Injection = { readonly share: number; readonly fromS: number; readonly seed: number };

export type Play = {
  /** The release goes out just before this request. */
  readonly from: number;
  /** Requests after this one are not read; the log's length for all. */
  readonly to: number;
  /** Seconds since 1970 times 1000 at which it goes out. */
  readonly deployAtMs: number;
  readonly threshold: number;
  readonly watchS: number;
  /** With the watch's time over and no verdict: go on, as the product does. */
  readonly waitForVerdict: boolean;
  readonly inject: Injection | null;
};

export type Ended = "rolled-back" | "verified" | "watch-over" | "log-over";

export type Played = {
  readonly ended: Ended;
  readonly finding: Finding;
  /** Seconds after the deploy at which it ended. */
  readonly atS: number;
  /** Requests of the release until then, and those of them from the injection on (null without one). */
  readonly requests: number;
  readonly sinceInjection: number | null;
  readonly injected: number;
  /** When trouble of one client was first told, seconds after the deploy; null: never. */
  readonly singleClientAtS: number | null;
};

const seeing = { errors: null, probe: null } as const;
/** A log has no health probes. */
const heard = { errors: true, probe: false } as const;

/** Client names are made once: detection wants texts. */
export function clientNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, i) => i.toString(36));
}

export function play(log: Recorded, names: readonly string[], options: Play): Played {
  const { from, to, deployAtMs, threshold, watchS, inject } = options;
  const streams = startStreams({ threshold, horizonS: watchS });
  let sinceInjection = 0;
  let injected = 0;
  let singleClientAtS: number | null = null;
  let atS = 0;
  let askedS = -1;
  let askedErrors = 0;
  let i = from;
  for (; i < to; i++) {
    const seenS = Math.max(0, ((log.atMs[i] ?? 0) - deployAtMs) / 1_000);
    if (seenS >= watchS && atS < watchS && !options.waitForVerdict) break;
    // The end of the watch comes between two requests.
    if (Math.floor(seenS) > askedS && seenS >= watchS) {
      askedS = Math.floor(seenS);
      if (verifiedBy(streams, Math.max(atS, watchS))) break;
    }
    atS = Math.max(atS, seenS);
    let ok = (log.status[i] ?? 0) < 500;
    if (inject !== null && seenS >= inject.fromS) {
      sinceInjection += 1;
      if (ok && chance(inject.seed, i) < inject.share) {
        ok = false;
        injected += 1;
      }
    }
    tickStreams(streams, atS);
    observeRequest(streams, { atS, ok, client: names[log.client[i] ?? 0] ?? "" });
    // Only what is proven can be bad, and evidence rises with failures that count, alone.
    if (streams.errors.errors === askedErrors || streams.errors.provenAfter === null) continue;
    askedErrors = streams.errors.errors;
    // Once one client's trouble was told, only trouble that became broad is news.
    if (singleClientAtS !== null && streams.errors.alarm === null) continue;
    const finding = conclude(streams, atS);
    if (finding.outcome !== "bad") continue;
    if (finding.breadth !== "single-client") return end("rolled-back", finding, i + 1);
    singleClientAtS ??= atS;
  }
  const overS = i < to ? Math.max(atS, watchS) : atS;
  const finding = conclude(streams, overS);
  const verified = finding.outcome === "verified" && overS >= watchS;
  atS = overS;
  return end(verified ? "verified" : i < to ? "watch-over" : "log-over", finding, i);

  function end(ended: Ended, finding: Finding, next: number): Played {
    const counted = inject === null ? null : sinceInjection;
    return { ended, finding, atS, requests: next - from, sinceInjection: counted, injected, singleClientAtS };
  }
}

function verifiedBy(streams: Streams, nowS: number): boolean {
  return conclude(streams, nowS).outcome === "verified";
}

function conclude(streams: Streams, nowS: number): Finding {
  tickStreams(streams, nowS);
  return concludeStreams(streams, { nowS, blind: seeing, heard }).worst;
}

/** The same share in [0, 1) for the same seed and request, on every machine (murmur3's finish). */
export function chance(seed: number, index: number): number {
  let h = Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}
