// From a finding to a decision: the cheapest remedy that suffices, with its rule and the alternatives. Pure.
import type { Finding } from "../detect/finding.ts";
import type { EventData } from "../event.ts";

export type Method = "auto" | "ask" | "never";

export type Situation = {
  readonly env: string;
  readonly watch: string;
  readonly finding: Finding;
  /** What the watch followed: a rollback is never rolled back by itself. */
  readonly after: "deploy" | "rollback" | "revive";
  /** Version names, for people. */
  readonly release: string;
  readonly lastGood: string | null;
  readonly policy: { readonly release: Method };
};

export type Decision = EventData<"decision.made">;
type Choice = Pick<Decision, "decision" | "rule" | "why">;

export function decide(situation: Situation): Decision {
  const { env, watch, finding } = situation;
  const choice = choose(situation);
  return { env, watch, finding, ...choice, alternatives: alternatives(situation, choice.decision) };
}

function choose({ finding, after, release, lastGood, policy }: Situation): Choice {
  if (finding.outcome === "blind") {
    return { decision: "ask", rule: "blind", why: `The source of signals is silent: ${finding.why}` };
  }
  if (finding.outcome !== "bad") return { decision: "hold", rule: "not-bad", why: finding.why };
  if (after !== "deploy") {
    return {
      decision: "ask",
      rule: "rollback-did-not-help",
      why: `${release} was not the cause of this, or not alone: ${finding.why}`,
    };
  }
  if (finding.breadth === "single-client") {
    return { decision: "investigate", rule: "single-client", why: finding.why };
  }
  if (lastGood === null) {
    return {
      decision: "ask",
      rule: "nothing-to-go-back-to",
      why: `${finding.why} And there is no earlier good release.`,
    };
  }
  if (policy.release === "never") return { decision: "hold", rule: "policy-never", why: finding.why };
  if (policy.release === "ask") return { decision: "ask", rule: "policy-ask", why: finding.why };
  return {
    decision: "roll-back",
    rule: finding.breadth === "down" ? "down" : "broad-errors",
    why: finding.why,
  };
}

function alternatives({ finding, lastGood, policy }: Situation, chosen: string): Decision["alternatives"] {
  const bad = finding.outcome === "bad";
  const all: Decision["alternatives"] = [
    {
      decision: "hold",
      whyNot: bad ? "People see errors while nothing is done." : "Nothing speaks against it.",
    },
    {
      decision: "investigate",
      whyNot:
        bad && finding.breadth !== "single-client"
          ? "Many clients are hit: first go back, then look."
          : "Nothing points to one client.",
    },
    { decision: "flag-off", whyNot: "No flag is known to be the cause." },
    {
      decision: "roll-back",
      whyNot: lastGood ? rollBackWhyNot(bad, policy.release) : "There is no earlier good release.",
    },
    {
      decision: "restore",
      whyNot: "Nothing points to damaged data; code alone goes back faster and loses nothing.",
    },
  ];
  return all.filter((one) => one.decision !== chosen);
}

function rollBackWhyNot(bad: boolean, method: Method): string {
  if (!bad) return "The release is not shown to be bad.";
  return method === "auto"
    ? "The evidence does not point to the release alone."
    : `The policy for releases is "${method}".`;
}
