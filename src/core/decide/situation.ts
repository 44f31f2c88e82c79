// All that a decision is made from: nothing else is looked at.
import type { Attribution } from "../attribute/attribution.ts";
import type { Finding } from "../detect/finding.ts";
import type { Policy } from "./policy.ts";
import { suspectFlag, type Ways } from "./remedy.ts";
import type { Acts } from "./restraint.ts";
import type { Report } from "./severity.ts";

export type Situation = {
  readonly env: string;
  readonly watch: string | null;
  readonly finding: Finding | null;
  /** Where a person or another system tells of the trouble. */
  readonly report: Report | null;
  /** What the watch followed: a rollback is never rolled back by itself. Null: no watch is open. */
  readonly after: "deploy" | "rollback" | "revive" | null;
  /** Version names, for people. */
  readonly release: string;
  /** Wall clock, milliseconds, since when it serves; null: that is not known. */
  readonly servingSince: number | null;
  readonly ways: Ways;
  /** Found outside of a watch: what serves was good, or nobody knows any better. */
  readonly outside?: boolean;
  readonly attribution: Attribution | null;
  readonly policy: Policy;
  /** When Lastgood acted by itself here, newest last. */
  readonly acts: Acts;
  /** Wall clock, milliseconds. */
  readonly now: number;
};

/** A flag counts as a way back only where it is suspected. */
export function waysNow({ ways, attribution }: Situation): Ways {
  return { ...ways, flag: suspectFlag(attribution) === ways.flag ? ways.flag : null };
}
