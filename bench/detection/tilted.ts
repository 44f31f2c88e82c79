// The chance of a false rollback at exactly the allowed rate, estimated without waiting for one in thousands.
//
// The evidence E is the density of one known way for a release to be bad (a rate and a start drawn from the test's own
// prior) against "exactly the allowed share fails". So releases are drawn from that bad way, where alarms come soon,
// and each rollback counts 1/E at its moment: the mean is the chance at the allowed rate (Wald's identity; Siegmund
// 1976), with limits a hundred times closer than counting gives. What is muted is no evidence: it fails at the
// allowed rate.
import { evidence } from "../../src/core/detect/e-process.ts";
import { isMuted } from "../../src/core/detect/mute.ts";
import { type Streams, startStreams } from "../../src/core/detect/streams.ts";
import type { Random } from "../random.ts";
import { type Crowd, crowdSecond } from "./bulk.ts";
import { clientNames } from "./deploy.ts";
import { concluded, feed, rollsBack, watch } from "./pipeline.ts";

/** How a release is bad: from which tick on, and at which rate. */
type Way = { readonly startS: number; readonly rate: number };

function drawWay(random: Random, streams: Streams): Way {
  const { parts, deployShare, horizonS } = streams.errors.process;
  const startS = random.uniform() < deployShare ? 0 : 1 + random.below(horizonS);
  let left = random.uniform();
  const part = parts.find(({ weight, late }) => {
    left -= startS === 0 ? weight : weight * late;
    return left < 0;
  });
  return { startS, rate: part?.rate ?? 0 };
}

/** One release: 1/E where it is rolled back within its watch, else 0. Who asks comes back: `clients` of them. */
export function weightOf(random: Random, rate: number, clients: number): number {
  const streams = startStreams(watch);
  const way = drawWay(random, streams);
  const names = clientNames(clients);
  for (let atS = random.gap() / rate; atS < watch.horizonS; atS += random.gap() / rate) {
    const client = names[random.below(clients)] ?? "";
    const counted = !isMuted(streams.errors.mute, client, atS);
    const failing = counted && Math.floor(atS) >= way.startS ? way.rate : watch.threshold;
    const ok = random.uniform() >= failing;
    if (feed(streams, { atS, ok, client }) !== null) return 1 / evidence(streams.errors.process);
  }
  return 0;
}

/** The same where nobody comes back, for thousands of requests a second. */
export function weightOfCrowd(random: Random, rate: number): number {
  const streams = startStreams(watch);
  const way = drawWay(random, streams);
  const crowd: Crowd = { rate, asked: 0 };
  for (let atS = 0; atS < watch.horizonS; atS++) {
    const failing = atS >= way.startS ? way.rate : watch.threshold;
    const stopped = crowdSecond(streams, random, crowd, { atS, failing }, () => {
      return streams.errors.provenAfter !== null && rollsBack(concluded(streams, atS));
    });
    if (stopped) return 1 / evidence(streams.errors.process);
  }
  return 0;
}
