// What else could have been done, and why it is not: with every decision, for whoever has to judge it. Pure.

import type { Policy, Remedy, RuleAction } from "./policy.ts";
import type { Ways } from "./remedy.ts";
import { wordFor } from "./restraint.ts";
import type { Severity } from "./severity.ts";

export type Alternative = { readonly decision: string; readonly whyNot: string };

export type Chosen = {
  readonly decision: RuleAction;
  /** What the rule asked for, and would be done with a person's yes. */
  readonly proposed: Remedy | null;
  readonly bad: boolean;
  readonly severity: Severity;
};

export function alternatives(chosen: Chosen, ways: Ways, policy: Policy): Alternative[] {
  const all: Alternative[] = [
    {
      decision: "hold",
      whyNot: chosen.bad ? "People are hit while nothing is done." : "Nothing speaks against it.",
    },
    { decision: "investigate", whyNot: investigateNot(chosen) },
    { decision: "flag-off", whyNot: flagNot(chosen, ways, policy) },
    { decision: "roll-back", whyNot: rollBackNot(chosen, ways, policy) },
    {
      decision: "revert",
      whyNot: "A new build and deploy take minutes; it follows when production is well again.",
    },
    { decision: "restore", whyNot: restoreNot(chosen, ways, policy) },
  ];
  return all.filter((one) => one.decision !== chosen.decision);
}

function investigateNot({ bad, decision }: Chosen): string {
  if (!bad) return "There is nothing to look into.";
  return decision === "ask" || decision === "hold"
    ? "It goes on beside this: the evidence is kept."
    : "Many are hit: first go back, then look.";
}

function flagNot({ bad }: Chosen, { flag }: Ways, policy: Policy): string {
  if (flag === null) return "No flag is known to be the cause.";
  if (!bad) return "Nothing is shown to be bad.";
  return policy.flag === "auto"
    ? `Switching ${flag} off is not what the rule asks for.`
    : word("flags", policy.flag);
}

function rollBackNot({ bad, decision, proposed }: Chosen, { lastGood }: Ways, policy: Policy): string {
  if (lastGood === null) return "There is no earlier good release.";
  if (!bad) return "The release is not shown to be bad.";
  if (decision === "flag-off") return "Switching the flag off is cheaper and suffices.";
  if (decision === "restore" || proposed === "restore") return "Code alone does not bring damaged data back.";
  if (policy.release !== "auto") return word("releases", policy.release);
  return "The evidence does not point to the release alone.";
}

function restoreNot({ severity, proposed }: Chosen, { restorePoint }: Ways, policy: Policy): string {
  if (!severity.dataRisk)
    return "Nothing points to damaged data; code alone goes back faster and loses nothing.";
  if (restorePoint === null) return "No backup was taken before this release.";
  if (proposed === "restore") return word("the database", wordFor(policy, "restore"));
  return "It would put aside what was written since the backup; the rule does not ask for it.";
}

function word(part: string, method: string): string {
  return `The policy for ${part} is "${method}".`;
}
