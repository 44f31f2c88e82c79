// What holds an act back although its rule fits: the method's word, quiet hours, blast limits, cool-down. Pure.
import { duration } from "../detect/why.ts";
import { clockText, minuteOfDay, within } from "./hours.ts";
import type { Method, Policy, Remedy } from "./policy.ts";

export type Restraint = {
  readonly decision: "hold" | "ask";
  readonly rule: "policy-never" | "policy-ask" | "quiet-hours" | "cool-down" | "limit-acts";
  readonly why: string;
};

/** Acts without a person so far, wall-clock milliseconds. */
export type Acts = readonly number[];

/** Null: nothing holds it back. `never` beats `ask`; limits are looked at last, since they pass by themselves. */
export function restraintOf(policy: Policy, remedy: Remedy, acts: Acts, now: number): Restraint | null {
  const normally = wordFor(policy, remedy);
  const quiet = policy.quiet.find((hours) => within(hours, minuteOfDay(now, policy.zone)));
  const word = quiet ? wordFor(quiet, remedy) : normally;
  if (word === "never")
    return { decision: "hold", rule: "policy-never", why: `The policy for ${partOf(remedy)} is "never".` };
  if (word === "ask" && quiet && normally === "auto") {
    const hours = `${clockText(quiet.from)} to ${clockText(quiet.to)} ${policy.zone}`;
    return { decision: "ask", rule: "quiet-hours", why: `From ${hours} nothing is done without a person.` };
  }
  if (word === "ask")
    return { decision: "ask", rule: "policy-ask", why: `The policy for ${partOf(remedy)} is "ask".` };
  return limited(policy, acts, now);
}

function limited({ limits }: Policy, acts: Acts, now: number): Restraint | null {
  const { coolDownMs, withinMs } = limits;
  const newest = acts.length === 0 ? null : Math.max(...acts);
  if (newest !== null && now - newest < coolDownMs) {
    const ago = duration((now - newest) / 1_000);
    const why = `Lastgood acted ${ago} ago by itself, and cools down for ${duration(coolDownMs / 1_000)}.`;
    return { decision: "ask", rule: "cool-down", why };
  }
  const recent = acts.filter((at) => now - at < withinMs).length;
  if (recent < limits.acts) return null;
  const why = `Lastgood acted ${recent} times by itself within ${duration(withinMs / 1_000)}; ${limits.acts} are allowed.`;
  return { decision: "ask", rule: "limit-acts", why };
}

type Words = { readonly flag: Method; readonly release: Method; readonly database: Method };

/** A restore takes the code back as well: the more careful word counts. */
export function wordFor(words: Words, remedy: Remedy): Method {
  if (remedy === "flag-off") return words.flag;
  if (remedy === "roll-back") return words.release;
  const both = [words.release, words.database];
  return both.includes("never") ? "never" : both.includes("ask") ? "ask" : "auto";
}

function partOf(remedy: Remedy): string {
  return { "flag-off": "flags", "roll-back": "releases", restore: "the database" }[remedy];
}
