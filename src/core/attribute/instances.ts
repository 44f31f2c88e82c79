// Which of our own instances answered, and which of them the failures come from: one that is sick among well ones. Pure.
import { count, percent } from "../detect/why.ts";

/** Instances that are told apart; further ones are not counted. */
const instanceLimit = 100;
/** From so many of the failures on, it is that instance's. */
const mostErrors = 0.8;
/** Unless it answers nearly as much of the requests: then it is only where the requests go. */
const leastFactor = 2;
const leastErrors = 5;

/** Plain data. */
export type Instances = Record<string, { requests: number; errors: number }>;

export function startInstances(): Instances {
  return Object.create(null) as Instances;
}

/** A request that `name` answered. CHANGES `instances`. */
export function countInstance(instances: Instances, name: string, failed: boolean): void {
  let one = instances[name];
  if (one === undefined) {
    if (Object.keys(instances).length >= instanceLimit) return;
    one = { requests: 0, errors: 0 };
    instances[name] = one;
  }
  one.requests += 1;
  if (failed) one.errors += 1;
}

/** `9 of 10 failures came from 10.0.0.2:80, which answered 33.3 % of the requests`; null: none stands out. */
export function sickInstance(instances: Instances): string | null {
  const all = Object.entries(instances);
  const sum = (of: "requests" | "errors") => all.reduce((total, [, one]) => total + one[of], 0);
  const [requests, errors] = [sum("requests"), sum("errors")];
  const [worst] = all.toSorted(([, a], [, b]) => b.errors - a.errors);
  if (all.length < 2 || errors < leastErrors || !worst) return null;
  const [name, most] = worst;
  const share = most.requests / requests;
  if (most.errors < mostErrors * errors || most.errors / errors < leastFactor * share) return null;
  return `${count(most.errors)} of ${count(errors)} failures came from ${name}, which answered ${percent(share)} of the requests`;
}
