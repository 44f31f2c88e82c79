// All streams of one watch, and the one finding that counts.
import { countFailure, type Failing, shareOnRoutes, startFailing } from "../attribute/fingerprint.ts";
import { countInstance, type Instances, sickInstance, startInstances } from "../attribute/instances.ts";
import { type AlphaOf, type Heard, type Shares, splitAlpha } from "./alpha.ts";
import {
  bothServe,
  type ControlStream,
  concludeControl,
  observeArm,
  startControlStream,
  tickControl,
} from "./control-stream.ts";
import { evidence } from "./e-process.ts";
import { defaultAlpha } from "./error-finding.ts";
import type { ErrorStream } from "./error-state.ts";
import { conclude, observe, type Seen, startErrorStream, tick } from "./error-stream.ts";
import { type Expects, nothingExpected, onRoute } from "./expects.ts";
import type { Finding } from "./finding.ts";
import {
  concludeLatency,
  type LatencyStream,
  observeLatency,
  startLatencyStream,
  tickLatency,
} from "./latency-stream.ts";
import { oneClient } from "./one-client.ts";
import {
  concludeProbes,
  observeProbe,
  type ProbeStream,
  startProbeStream,
  tickProbes,
} from "./probe-stream.ts";
import {
  concludeRestarts,
  observeRestart,
  type RestartStream,
  startRestartStream,
  tickRestarts,
} from "./restart-stream.ts";
import {
  concludeSilence,
  noteRead,
  observeEvent,
  type SilenceStream,
  startSilenceStream,
  tickSilence,
} from "./silence-stream.ts";
import { type Anchor, percent } from "./why.ts";
import { worstOf } from "./worst.ts";

export type StreamsOptions = {
  /** The request failure rate that is still allowed; see `errorThreshold`. */
  readonly threshold: number;
  /** Length of the watch, seconds. */
  readonly horizonS: number;
  /** False-alarm chance of the whole deploy. */
  readonly alpha?: number;
  /** Which streams have a source here; requests and probes where nothing is said. */
  readonly heard?: Heard;
  /** What is known from before; nothing where nothing is said. */
  readonly expects?: Expects;
  readonly shares?: Shares;
  /** Outside of a watch: from when seconds are counted. */
  readonly anchor?: Anchor;
};

/** Plain data (it survives JSON). A stream that has no source, or nothing to compare with, is null. */
export type Streams = {
  readonly heard: Heard;
  readonly errors: ErrorStream;
  readonly probe: ProbeStream;
  readonly control: ControlStream | null;
  readonly payments: { readonly routes: readonly string[]; readonly stream: ErrorStream } | null;
  readonly latency: LatencyStream | null;
  readonly silence: readonly { readonly routes: readonly string[]; readonly stream: SilenceStream }[];
  readonly restarts: RestartStream | null;
  /** What failed, and which instances answered, for attribution. */
  readonly failing: Failing;
  readonly instances: Instances;
  /** Errors were, or stood, proven while the old release served beside the new one. */
  shared: boolean;
};

export type Blindness = { readonly errors: string | null; readonly probe: string | null };

export function startStreams(options: StreamsOptions): Streams {
  const { threshold, horizonS, heard = usual, expects = nothingExpected, anchor = null } = options;
  const alpha = splitAlpha(options.alpha ?? defaultAlpha, heard, expects, options.shares);
  return {
    heard,
    errors: startErrorStream({ threshold, horizonS, alpha: alpha.errors, anchor }),
    probe: startProbeStream({ horizonS, alpha: alpha.probe }),
    ...beside(options, heard, expects, alpha),
    failing: startFailing(),
    instances: startInstances(),
    shared: false,
  };
}

function beside({ horizonS, anchor = null }: StreamsOptions, heard: Heard, expects: Expects, alpha: AlphaOf) {
  const { payments, latency } = heard.errors ? expects : nothingExpected;
  const events = heard.errors ? expects.events : [];
  return {
    control: heard.control ? startControlStream({ horizonS, alpha: alpha.control }) : null,
    payments: payments
      ? {
          routes: payments.routes,
          stream: paymentStream(payments.threshold, horizonS, alpha.payments, anchor),
        }
      : null,
    latency: latency ? startLatencyStream({ before: latency, horizonS, alpha: alpha.latency, anchor }) : null,
    silence: events.map(({ routes, ...expected }) => ({
      routes,
      stream: startSilenceStream({ expected, horizonS, alpha: alpha.silence / events.length, anchor }),
    })),
    restarts: heard.restarts ? startRestartStream({ horizonS, alpha: alpha.restarts }) : null,
  };
}

function paymentStream(threshold: number, horizonS: number, alpha: number, anchor: Anchor): ErrorStream {
  return startErrorStream({ threshold, horizonS, alpha, stream: "payments", unit: "payment", anchor });
}

/** A request of a user. What is not known of it is left out, and the streams that need it go without. */
export type SeenRequest = Seen & {
  readonly route?: string;
  readonly status?: number;
  readonly ms?: number;
  readonly upstream?: string;
  readonly instance?: string;
};

/** A request that the watched release answered. CHANGES `streams`. */
export function observeRequest(streams: Streams, seen: SeenRequest): void {
  const { errors, latency, failing } = streams;
  const failed = errors.errors;
  observe(errors, seen);
  if (errors.alarm && streams.control && bothServe(streams.control)) streams.shared = true;
  if (errors.errors > failed) countFailure(failing, { status: 0, route: "", ...seen });
  failing.requests += 1;
  if (seen.instance !== undefined) countInstance(streams.instances, seen.instance, !seen.ok);
  if (streams.control) observeArm(streams.control, { ...seen, isNew: true });
  if (latency && seen.ok && seen.ms !== undefined)
    observeLatency(latency, { atS: seen.atS, ms: seen.ms, client: seen.client });
  for (const { stream } of streams.silence) noteRead(stream, seen.atS);
  if (seen.route !== undefined) observeRoute(streams, seen, seen.route);
}

function observeRoute(streams: Streams, seen: SeenRequest, route: string): void {
  const ok = seen.status === undefined ? seen.ok : seen.status < 400;
  if (streams.payments && onRoute(streams.payments.routes, route)) {
    observe(streams.payments.stream, { atS: seen.atS, ok, client: seen.client });
  }
  if (!ok) return;
  for (const { routes, stream } of streams.silence)
    if (onRoute(routes, route)) observeEvent(stream, seen.atS);
}

/** A request that the release before answered, beside the watched one. CHANGES `streams`. */
export function observeOld(streams: Streams, seen: Seen): void {
  if (streams.control) observeArm(streams.control, { ...seen, isNew: false });
}

/** How a payment went, as its provider tells. CHANGES `streams`. */
export function observePayment(streams: Streams, seen: Seen): void {
  if (streams.payments) observe(streams.payments.stream, seen);
}

/** A health probe of ours. CHANGES `streams`. */
export function observeHealth(streams: Streams, probe: { readonly atS: number; readonly ok: boolean }): void {
  observeProbe(streams.probe, probe);
}

/** A process of the watched release died. CHANGES `streams`. */
export function observeDeath(
  streams: Streams,
  seen: { readonly atS: number; readonly times: number; readonly outOfMemory: boolean },
): void {
  if (streams.restarts) observeRestart(streams.restarts, seen);
}

/**
 * Let the clock pass. CHANGES `streams`. `deaf`: requests cannot be heard just now, so nothing is due. `heardS`: up to when
 * all sources have told what happened; see `tickSilence`.
 */
export function tickStreams(streams: Streams, nowS: number, deaf = false, heardS?: number): void {
  tick(streams.errors, nowS);
  tickProbes(streams.probe, nowS);
  if (streams.control) tickControl(streams.control, nowS);
  if (streams.payments) tick(streams.payments.stream, nowS);
  if (streams.latency) tickLatency(streams.latency, nowS);
  for (const { stream } of streams.silence) tickSilence(stream, nowS, deaf, heardS);
  if (streams.restarts) tickRestarts(streams.restarts, nowS);
}

/** What each stream says, and the worst of it. Reads only. */
export function concludeStreams(
  streams: Streams,
  context: { readonly nowS: number; readonly blind: Blindness; readonly heard?: Heard },
): { readonly worst: Finding; readonly all: readonly [Finding, ...Finding[]] } {
  const { nowS, blind, heard = streams.heard } = context;
  const errors = conclude(streams.errors, { nowS, blind: blind.errors });
  const probe = concludeProbes(streams.probe, { blind: blind.probe });
  const control = streams.control && concludeControl(streams.control);
  // With no source at all it is for the errors to say that nothing was seen.
  const main = [...(heard.errors || !heard.probe ? [errors] : []), ...(heard.probe ? [probe] : [])];
  const more = [...(control ? [control] : []), ...others(streams, nowS, blind)];
  const judged = [...main, ...more].map((one) => (one === errors ? compared(streams, errors, control) : one));
  const worst = worstOf(judged as unknown as readonly [Finding, ...Finding[]]);
  const aside = oneClient(streams.errors);
  const all = [...main, ...more, ...(aside ? [aside] : [])] as unknown as readonly [Finding, ...Finding[]];
  return { worst: ofInstance(streams, ofPayments(streams, worst)), all };
}

/** One sick instance among well ones is not told from a bad release by counting: who looks should know at once. */
function ofInstance({ instances }: Streams, worst: Finding): Finding {
  const isFailing = ["errors", "control", "payments"].includes(worst.stream);
  const sick = worst.outcome === "bad" && isFailing ? sickInstance(instances) : null;
  return sick === null ? worst : { ...worst, why: `${worst.why}; ${sick}` };
}

/** From this share of the failures on, it is the payments that fail. */
const mostly = 0.5;

/** Failing payments are failing requests too, and are often proven as such first: what fails is what people are told. */
function ofPayments({ payments, failing }: Streams, worst: Finding): Finding {
  const isErrors = worst.stream === "errors" || worst.stream === "control";
  if (!payments || worst.outcome !== "bad" || worst.breadth !== "broad" || !isErrors) return worst;
  const share = shareOnRoutes(failing, (route) => onRoute(payments.routes, route));
  if (share < mostly) return worst;
  return { ...worst, stream: "payments", why: `${worst.why}; ${percent(share)} of what fails are payments` };
}

function others(streams: Streams, nowS: number, blind: Blindness): readonly Finding[] {
  const { payments, latency, silence, restarts } = streams;
  return [
    ...(payments ? [conclude(payments.stream, { nowS, blind: blind.errors })] : []),
    ...(restarts ? [concludeRestarts(restarts, { blind: null })] : []),
    ...(latency ? [concludeLatency(latency, { blind: blind.errors })] : []),
    ...silence.map(({ stream }) => concludeSilence(stream, { blind: blind.errors })),
  ];
}

/**
 * Where the old release serves too, what speaks against the new one is the comparison: an outage that hits both is
 * not its doing, however many requests fail.
 */
function compared(streams: Streams, errors: Finding, control: Finding | null): Finding {
  const { control: arms } = streams;
  if (errors.outcome !== "bad" || !arms || !control || control.outcome === "bad") return errors;
  const faded = streams.shared && evidence(streams.errors.process) < errors.needed;
  if (!bothServe(arms) && !faded) return errors;
  const { breadth: _, onsetS: __, ...base } = errors;
  const why = `${errors.why}; but the old release serves beside it: ${control.why}`;
  return { ...base, outcome: "undecided", moreRequests: null, why };
}

const usual: Heard = { errors: true, probe: true };

export type { Heard } from "./alpha.ts";
export { worstOf as worst } from "./worst.ts";
