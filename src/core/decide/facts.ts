// What a decision rests on, as sentences: enough to judge it from the journal alone. Pure.
import { duration, plural } from "../detect/why.ts";
import type { Rule } from "./policy.ts";
import { cheapest, wayText } from "./remedy.ts";
import type { Severity } from "./severity.ts";
import { type Situation, waysNow } from "./situation.ts";

export const shownChanges = 5;

export function factsOf(situation: Situation, severity: Severity, matched: Rule | null): string[] {
  const { attribution, finding } = situation;
  return [
    ...evidence(situation),
    ...(finding?.outcome === "bad" || situation.report ? [severityText(severity)] : []),
    ...(attribution ? changes(situation) : []),
    ...(attribution?.facts ?? []),
    ...wayBack(situation),
    ...(matched ? [`Rule ${matched.name}: ${matched.because}`] : []),
    limitsText(situation),
  ];
}

function evidence({ finding, report, release }: Situation): string[] {
  const said = report ? [`${report.by} reports ${report.kind}: ${report.what}`] : [];
  if (!finding) return said;
  const figures = `Stream ${finding.stream} of ${release}: ${finding.errors} of ${plural(finding.requests, "trial")} failed, ${plural(finding.errorClients, "client")} hit, evidence ${round(finding.evidence)} of ${round(finding.needed)} needed.`;
  return [...said, figures];
}

function severityText({ impact, users, dataRisk }: Severity): string {
  return `Impact ${impact}, users hit: ${users}, data at risk: ${dataRisk ? "yes" : "no"}.`;
}

function changes({ attribution }: Situation): string[] {
  return (attribution?.changes ?? []).slice(0, shownChanges).map(({ kind, name, distanceS }) => {
    const when = distanceS < 0 ? `${duration(-distanceS)} after` : `${duration(distanceS)} before`;
    return `Changed ${when} the trouble began: ${kind} ${name}.`;
  });
}

function wayBack(situation: Situation): string[] {
  const way = cheapest("flag-off", waysNow(situation));
  return [typeof way === "string" ? `No way back: ${way}.` : `Cheapest way back: ${wayText(way)}`];
}

function limitsText({ policy, acts, now }: Situation): string {
  const recent = acts.filter((at) => now - at < policy.limits.withinMs).length;
  const { flag, release, database, limits } = policy;
  return `Policy: flag ${flag}, release ${release}, database ${database}; ${recent} of ${limits.acts} acts without a person within ${duration(limits.withinMs / 1_000)}.`;
}

function round(value: number): string {
  return Number(value.toPrecision(2)).toLocaleString("en-US");
}
