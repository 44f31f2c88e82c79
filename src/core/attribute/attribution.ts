// Whose doing is it? From what detection found and what changed, the most likely cause, with the facts. Pure.

/** What may have been changed. `deploy` stands for going back as well; `env`: values that an app reads at its start. */
export const changeKinds = ["deploy", "flag", "config", "migration", "certificate", "env"] as const;
export type ChangeKind = (typeof changeKinds)[number];

export type Change = {
  readonly kind: ChangeKind;
  /** What a person calls it: a release, a flag, a file. */
  readonly name: string;
  /** Wall clock, milliseconds. */
  readonly at: number;
};

/** `distanceS`: seconds from the change to the onset; below 0 it came after it. */
export type RankedChange = Change & { readonly distanceS: number };

export type Cause = "release" | "flag" | "external" | "single-client" | "pre-existing" | "unknown";

export type Attribution = {
  readonly cause: Cause;
  /** Nearest to the onset first; those that came after it last. */
  readonly changes: readonly RankedChange[];
  /** Whole sentences for people: each names what was seen, and what follows from it. */
  readonly facts: readonly string[];
};
