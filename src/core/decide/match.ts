// Which rule of the policy fits a situation: the first one of whose conditions all hold. Pure.
import type { Attribution } from "../attribute/attribution.ts";
import { minuteOfDay, within } from "./hours.ts";
import { type Policy, type Rule, recentMs, type When } from "./policy.ts";
import type { Severity, troubleOf } from "./severity.ts";

/** An onset is an estimate: a change may seem to come a little after it. */
const slackS = 5;

export type Seen = {
  readonly trouble: NonNullable<ReturnType<typeof troubleOf>>;
  readonly severity: Severity;
  readonly attribution: Attribution | null;
  readonly outside: boolean;
  readonly now: number;
};

export function firstMatch({ rules, zone }: Policy, seen: Seen): Rule | null {
  return rules.find(({ when }) => matches(when, seen, zone)) ?? null;
}

function matches(when: When, seen: Seen, zone: string): boolean {
  const { trouble, severity, attribution } = seen;
  return (
    (when.stream?.some((name) => isStream(trouble.stream, name)) ?? true) &&
    (when.breadth?.includes(trouble.breadth) ?? true) &&
    (when.cause?.includes(attribution?.cause ?? "unknown") ?? true) &&
    (when.impact?.includes(severity.impact) ?? true) &&
    (when.users?.includes(severity.users) ?? true) &&
    (when.dataRisk ?? severity.dataRisk) === severity.dataRisk &&
    (when.outside ?? seen.outside) === seen.outside &&
    changedRecently(when, attribution) &&
    (when.between === undefined || within(when.between, minuteOfDay(seen.now, zone)))
  );
}

/** `latency` is also `latency-p95`, `latency:checkout`, `latency.api`. */
function isStream(stream: string, name: string): boolean {
  return stream === name || (stream.startsWith(name) && /^[-:. ]/.test(stream.slice(name.length)));
}

function changedRecently({ changed, withinMs = recentMs }: When, attribution: Attribution | null): boolean {
  if (changed === undefined) return true;
  return (attribution?.changes ?? []).some(
    ({ kind, distanceS }) => changed.includes(kind) && distanceS >= -slackS && distanceS * 1_000 <= withinMs,
  );
}
