// Our whole pipeline as it is deployed: the same streams, the same observe, tick and conclude as in engine/observe.ts.
import type { Finding } from "../../src/core/detect/finding.ts";
import {
  concludeStreams,
  observeRequest,
  type Streams,
  startStreams,
  tickStreams,
} from "../../src/core/detect/streams.ts";
import { type Deploy, eachRequest, type Request } from "./deploy.ts";

/** What every watch of the product begins with where nothing was counted before the deploy. */
export const watch = { threshold: 0.01, horizonS: 1800 };
/** The promise for the whole deploy, all streams together. */
export const alpha = 0.001;
/** The watch looks at its sources this often (engine/observe.ts). */
export const lookS = 0.025;

export type Decided = {
  /** Seconds after the deploy; infinite: never in this time. */
  readonly atS: number;
  /** Requests of the release until then. */
  readonly requests: number;
  /** Requests that counted until the evidence sufficed, broad or not. */
  readonly proven: number;
  readonly finding: Finding | null;
};

export const never: Decided = {
  atS: Number.POSITIVE_INFINITY,
  requests: Number.POSITIVE_INFINITY,
  proven: Number.POSITIVE_INFINITY,
  finding: null,
};

const seeing = { errors: null, probe: null } as const;
/** There is an access log, and health probes are no part of these cases. */
const heard = { errors: true, probe: false } as const;

export function concluded(streams: Streams, nowS: number): Finding {
  return concludeStreams(streams, { nowS, blind: seeing, heard }).worst;
}

/** Would the release be rolled back for this? */
export function rollsBack(finding: Finding): boolean {
  return finding.outcome === "bad" && finding.breadth !== "single-client";
}

/** Feeds one request and says what is concluded, where that may have become a rollback. */
export function feed(streams: Streams, request: Request): Finding | null {
  tickStreams(streams, request.atS);
  const { errors } = streams.errors;
  observeRequest(streams, request);
  // Evidence only rises with failures that count, and only what is proven can be bad: asking oftener gives the same answer.
  if (streams.errors.errors === errors || streams.errors.provenAfter === null) return null;
  const finding = concluded(streams, request.atS);
  return rollsBack(finding) ? finding : null;
}

/** One watched deploy, to the decision to roll back or to its end. */
export function watchDeploy(deploy: Deploy, options = watch): Decided {
  const streams = startStreams(options);
  let requests = 0;
  let decided: Decided = never;
  eachRequest(deploy, (request) => {
    requests += 1;
    const finding = feed(streams, request);
    if (finding === null) return false;
    const proven = streams.errors.provenAfter ?? Number.POSITIVE_INFINITY;
    decided = { atS: Math.ceil(request.atS / lookS) * lookS, requests, proven, finding };
    return true;
  });
  return decided;
}
