// From a situation to a decision: the first rule that fits, by the cheapest way that suffices, with its reasons. Pure.
import type { Attribution } from "../attribute/attribution.ts";
import type { EventData } from "../event.ts";
import { alternatives } from "./alternatives.ts";
import { factsOf, shownChanges } from "./facts.ts";
import { firstMatch } from "./match.ts";
import { type Remedy, type Rule, type RuleAction, remedies } from "./policy.ts";
import { cheapest, type Way } from "./remedy.ts";
import { restraintOf } from "./restraint.ts";
import { type Report, severityOf, troubleOf } from "./severity.ts";
import { type Situation, waysNow } from "./situation.ts";

export type Decision = EventData<"decision.made">;

type Choice = {
  readonly decision: RuleAction;
  readonly rule: string;
  readonly why: string;
  /** The rule of the policy that fitted, where it came so far. */
  readonly matched?: Rule;
  readonly way?: Way;
};

/** The same situation gives the same decision; everything that it rests on is in it. */
export function decide(situation: Situation): Decision {
  const { env, watch, finding, report, policy, attribution } = situation;
  const severity = severityOf(finding, report);
  const bad = troubleOf(finding, report) !== null;
  const { matched, way, ...choice } = choose(situation);
  const chosen = { decision: choice.decision, proposed: way?.remedy ?? null, bad, severity };
  return {
    env,
    watch,
    ...choice,
    finding,
    alternatives: alternatives(chosen, waysNow(situation), policy),
    facts: factsOf(situation, severity, matched ?? null),
    severity,
    ...(matched ? { matched: matched.name, also: [...matched.also] } : {}),
    ...(way ? { way } : {}),
    ...(report ? { report } : {}),
    ...(attribution ? { cause: attribution.cause, changes: attribution.changes.slice(0, shownChanges) } : {}),
  };
}

function choose(situation: Situation): Choice {
  const { finding, report, after, release, attribution, policy, now, outside = false } = situation;
  const why = report ? `${report.by} says: ${report.what}` : (finding?.why ?? "");
  if (!report && finding?.outcome === "blind")
    return { decision: "ask", rule: "blind", why: `The source of signals is silent: ${why}` };
  const trouble = troubleOf(finding, report);
  if (trouble === null) return { decision: "hold", rule: "not-bad", why };
  if (report && saidOfAnother(situation, report)) {
    const since = `It was said before ${release} began to serve, which it may not be about.`;
    return { decision: "ask", rule: "said-of-another-release", why: `${ended(why)} ${since}` };
  }
  const isBack = !report && after !== "deploy" && after !== null;
  if (isBack && trouble.breadth !== "single-client") return didNotHelp(release, why, attribution);
  const matched = firstMatch(policy, {
    trouble,
    severity: severityOf(finding, report),
    attribution,
    outside,
    now,
  });
  if (!matched) return { decision: "ask", rule: "no-rule", why: `${why} No rule of the policy fits.` };
  if (isBack) return { decision: "investigate", rule: matched.name, why, matched };
  if (!isRemedy(matched.do)) return { decision: matched.do, rule: matched.name, why, matched };
  return goBack(situation, matched, matched.do, why);
}

/** Taken before a crash or a switch, and decided on after it: what it was about may serve no more. */
function saidOfAnother({ servingSince }: Situation, { saidAt }: Report): boolean {
  return saidAt !== undefined && servingSince !== null && saidAt < servingSince;
}

function didNotHelp(release: string, why: string, attribution: Attribution | null): Choice {
  const blamed = attribution && attribution.cause !== "unknown" && attribution.cause !== "release";
  const cause = blamed ? ` It looks ${attribution.cause}: ${attribution.facts.join(" ")}` : "";
  const said = `${release} was not the cause of this, or not alone: ${why}${cause}`;
  return { decision: "ask", rule: "rollback-did-not-help", why: said };
}

function goBack(situation: Situation, matched: Rule, wanted: Remedy, why: string): Choice {
  const { policy, acts, now } = situation;
  const way = cheapest(wanted, waysNow(situation));
  if (typeof way === "string") {
    const rule = situation.ways.lastGood === null ? "nothing-to-go-back-to" : "no-restore-point";
    return { decision: "ask", rule, why: `${ended(why)} And ${way}.`, matched };
  }
  const held = restraintOf(policy, way.remedy, acts, now);
  if (held)
    return { decision: held.decision, rule: held.rule, why: `${ended(why)} ${held.why}`, matched, way };
  return { decision: way.remedy, rule: matched.name, why, matched, way };
}

function isRemedy(action: RuleAction): action is Remedy {
  return (remedies as readonly string[]).includes(action);
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
