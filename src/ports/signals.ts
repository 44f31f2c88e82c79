import type { Observation } from "../core/detect/finding.ts";
import type { Json } from "../core/json.ts";
import type { Result } from "../core/result.ts";
import type { Reading, SignalEvent } from "../core/signals/event.ts";

export type { Reading, SignalEvent } from "../core/signals/event.ts";

/** `kept`: it is in the journal already, under this number, since this moment (wall clock, milliseconds). */
export type ToldEvent = SignalEvent & { readonly kept?: { readonly ref: string; readonly at: number } };

/** A batch of what a source saw. */
export type Batch = {
  /**
   * Of sources about `dependency`, `metrics` and `events` their `release` is "": they are of no release. Those of
   * `metrics` say whether what is measured answers at all, with its name as route.
   */
  readonly observations: readonly Observation[];
  /** What happened besides; a source that has no such things leaves it out. */
  readonly events?: readonly ToldEvent[];
  /** Only of sources about `metrics`. */
  readonly readings?: readonly Reading[];
  /** Where to go on reading; plain data, kept in the journal. */
  readonly next: Json;
  /** Lines that could not be read: counted, shown, never dropped in silence. */
  readonly unparsed: number;
  /** The source itself is silent or gone although it should speak; null while it is well. */
  readonly blind: string | null;
  /** The batch was full: the next one is there already. */
  readonly more?: boolean;
};

/**
 * What a source tells of: `requests` of users; `probes` of our own instances; `dependency`: our own probes of services
 * that the app needs and Lastgood does not deploy; `state` of containers and units; `metrics`: values beside limits;
 * `events`: lines of the app's own log, webhooks of other systems.
 */
export type SignalsAbout = "requests" | "probes" | "dependency" | "state" | "metrics" | "events";

/** A source of observations. */
export interface Signals {
  /** Unique in its environment, e.g. `access:api`. */
  readonly name: string;
  /** A blind source says nothing about other kinds: a watch is blind only without `requests` and `probes`. */
  readonly about: SignalsAbout;
  /** The position "from now on". */
  position(): Promise<Result<Json>>;
  /** What happened since `from`, at most one batch; empty when nothing did. Never waits long (≤ 50 ms). */
  observe(from: Json): Promise<Result<Batch>>;
  /** Sources that ask at an interval: the next question is due now, because the answer is needed. Never waits. */
  hurry?(): void;
  /** What it tells is in the journal before it is told: a position is `{ seq }`, and nothing is lost by a restart. */
  readonly journalled?: true;
}
