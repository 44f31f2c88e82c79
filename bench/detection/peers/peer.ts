// What a rule of another tool is here: it looks at what its monitoring would show, and says when it rolls back.

export type Counted = { readonly requests: number; readonly errors: number };

/** What can be seen of one deploy. Times are seconds after it; before it (< 0) the release before answered. */
export type View = {
  /** Answers of the service in (fromS, toS]. */
  service(fromS: number, toS: number): Counted;
  /** Answers in (fromS, toS] of the release before, where it goes on serving as a control arm. */
  control(fromS: number, toS: number): Counted;
  /** Is a request that the rule makes itself, at this time, answered well? */
  poll(atS: number): boolean;
  /** When the process of the release ends by itself; null: it goes on, whatever it answers. */
  readonly exitsAtS: number | null;
};

export type Peer = {
  readonly name: string;
  /** Which of its settings: as its documents have it, or the quickest that it allows. */
  readonly setting: "documented" | "fastest";
  /** The setting in words. */
  readonly how: string;
  /** Seconds after the deploy at which it rolls back; null: not within `untilS`. */
  decide(view: View, untilS: number): number | null;
};

/** Share of failures; NaN of nothing, as a query of a rate by a rate gives it. */
export function share({ requests, errors }: Counted): number {
  return errors / requests;
}

/** Moments of a rule that looks each `everyS`, the first time after one such pause. */
export function* each(everyS: number, untilS: number): Generator<number> {
  for (let tick = 1; tick * everyS <= untilS; tick++) yield tick * everyS;
}
