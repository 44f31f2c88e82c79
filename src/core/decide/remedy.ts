// The ladder of ways back, cheapest first: which there are here, and which of them is the first that suffices. Pure.
import type { Attribution } from "../attribute/attribution.ts";
import type { Remedy } from "./policy.ts";

/** What there is to go back with, asked of journal and target. */
export type Ways = {
  /** Version of last good; null: none. */
  readonly lastGood: string | null;
  /** It still runs: going there is one switch. */
  readonly warm: boolean;
  /** The flag whose switch is the nearest change before the trouble, and that can be switched off. */
  readonly flag: string | null;
  /** The backup taken just before the release that serves went out. */
  readonly restorePoint: string | null;
};

/** `switch`: requests only. `start`: the former release is started first. */
export type How = "flag" | "switch" | "start" | "restore";

export type Way = { readonly remedy: Remedy; readonly how: How; readonly to: string };

/** The cheapest from `wanted` on that there is; a string says why there is none. */
export function cheapest(wanted: Remedy, ways: Ways): Way | string {
  const { flag, lastGood, warm, restorePoint } = ways;
  if (wanted === "flag-off" && flag !== null) return { remedy: "flag-off", how: "flag", to: flag };
  if (lastGood === null) return "there is no earlier good release";
  if (wanted !== "restore") return { remedy: "roll-back", how: warm ? "switch" : "start", to: lastGood };
  if (restorePoint === null) return "no backup was taken before this release";
  return { remedy: "restore", how: "restore", to: lastGood };
}

/** The nearest change before the onset, where it is the switch of a flag. */
export function suspectFlag(attribution: Attribution | null): string | null {
  const nearest = attribution?.changes.find((change) => change.distanceS >= 0);
  return nearest?.kind === "flag" ? nearest.name : null;
}

export function wayText({ how, to }: Way): string {
  return {
    flag: `Switch ${to} off: milliseconds, no release is touched.`,
    switch: `${to} still runs: one switch, nothing is lost.`,
    start: `${to} is started first, then switched to; nothing is lost.`,
    restore: `${to} and the backup of before come back together; what was written since is put aside.`,
  }[how];
}
