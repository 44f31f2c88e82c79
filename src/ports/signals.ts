import type { Observation } from "../core/detect/finding.ts";
import type { Json } from "../core/json.ts";
import type { Result } from "../core/result.ts";

/** A batch of what a source saw. */
export type Batch = {
  readonly observations: readonly Observation[];
  /** Where to go on reading; plain data, kept in the journal. */
  readonly next: Json;
  /** Lines that could not be read: counted, shown, never dropped in silence. */
  readonly unparsed: number;
  /** The source itself is silent or gone although it should speak; null while it is well. */
  readonly blind: string | null;
};

/** A source of observations. */
export interface Signals {
  /** Unique in its environment, e.g. `access:api`. */
  readonly name: string;
  /** What its observations are: requests of users, or health probes of our own. */
  readonly about: "requests" | "probes";
  /** The position "from now on". */
  position(): Promise<Result<Json>>;
  /** What happened since `from`, at most one batch; empty when nothing did. Never waits long (≤ 50 ms). */
  observe(from: Json): Promise<Result<Batch>>;
}
