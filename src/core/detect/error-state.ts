// What an error stream remembers: plain data, shared by who changes it and who reads it.
import type { Failures, RecentClients } from "./breadth.ts";
import type { Counts } from "./counts.ts";
import type { EProcess } from "./e-process.ts";
import type { Mute } from "./mute.ts";
import type { Repeats } from "./repeats.ts";
import type { Anchor } from "./why.ts";

/** The figures of an alarm. */
export type Figures = {
  readonly atS: number;
  readonly requests: number;
  readonly errors: number;
  readonly errorClients: number;
  readonly evidence: number;
  readonly onsetS: number | null;
  /** Counted since the onset. */
  readonly recent: { readonly requests: number; readonly errors: number };
};

/** Plain data (it survives JSON), changed by `observe` and `tick` alone. Make it with `startErrorStream`. */
export type ErrorStream = {
  /** Name of the stream, and what one of its trials is called: `errors` of requests, `payments`. */
  readonly stream: string;
  readonly unit: string;
  readonly needed: number;
  readonly anchor: Anchor;
  readonly process: EProcess;
  readonly counts: Counts;
  readonly mute: Mute;
  readonly failures: Failures;
  readonly recent: RecentClients;
  readonly repeats: Repeats;
  nowS: number;
  /** Counted, after muting. */
  requests: number;
  errors: number;
  /** Requests counted when the evidence first sufficed, whatever its breadth; null: not yet. */
  provenAfter: number | null;
  /** What was known when broad trouble was proven. It stays proven: a rollback may be running because of it. */
  alarm: Figures | null;
};
