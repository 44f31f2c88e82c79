// The false-alarm chance of a deploy, split among the streams that have a source.
import { assert } from "../result.ts";
import type { Expects } from "./expects.ts";

/**
 * Which streams have a source here at all: of an edge without a log that we can read, nobody expects requests.
 * `control`: the release before may get requests too. `restarts`: something tells of containers or units.
 */
export type Heard = {
  readonly errors: boolean;
  readonly probe: boolean;
  readonly control?: boolean;
  readonly restarts?: boolean;
};

/**
 * The chance that any stream alarms falsely is at most the sum of the parts. Each costs log(whole / part) nats of delay,
 * so most of it goes where delay costs most. Payments and orders come by the handful, where a nat is minutes: payments
 * get as much as errors. For probes any part from 1.4 % on takes three failures in a row.
 */
const weights = { errors: 9, control: 4, latency: 3, payments: 9, silence: 2, probe: 0.5, restarts: 0.5 };

type Stream = keyof typeof weights;
export type AlphaOf = Readonly<Record<Stream, number>>;
/** Parts of the whole, where somebody wants others than these. */
export type Shares = Readonly<Partial<Record<Stream, number>>>;

/** A stream without a source gets what it would have, so that its state can be made; it never speaks. */
export function splitAlpha(alpha: number, heard: Heard, expects: Expects, shares?: Shares): AlphaOf {
  const all = shares ?? sharesOf(heard, expects);
  const sum = Object.values(all).reduce((a, b) => a + b, 0);
  assert(sum <= 1 + 1e-9, "the shares of alpha add up to more than 1");
  const part = (stream: Stream) => alpha * (all[stream] ?? weights[stream] / total);
  return {
    errors: part("errors"),
    control: part("control"),
    latency: part("latency"),
    payments: part("payments"),
    silence: part("silence"),
    probe: part("probe"),
    restarts: part("restarts"),
  };
}

const total = Object.values(weights).reduce((a, b) => a + b, 0);

function sharesOf(heard: Heard, expects: Expects): Shares {
  const has: Readonly<Record<Stream, boolean>> = {
    errors: heard.errors || !heard.probe,
    probe: heard.probe,
    control: heard.control === true,
    restarts: heard.restarts === true,
    payments: heard.errors && expects.payments !== null,
    latency: heard.errors && expects.latency !== null,
    silence: heard.errors && expects.events.length > 0,
  };
  const speaking = (Object.keys(weights) as Stream[]).filter((stream) => has[stream]);
  const sum = speaking.reduce((all, stream) => all + weights[stream], 0);
  return Object.fromEntries(speaking.map((stream) => [stream, weights[stream] / sum]));
}
