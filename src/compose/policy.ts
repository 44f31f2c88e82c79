// From the config's section to the policy that decisions are made by.
import type { Environment } from "../config/schema.ts";
import { type Policy, type RuleChange, withRules } from "../core/decide/policy.ts";

export function policyOf({ policy }: Environment): Policy {
  const { limits, rules } = policy;
  return {
    ...policy,
    limits: { acts: limits.acts, withinMs: limits.within.ms, coolDownMs: limits.coolDown.ms },
    rules: withRules(Object.fromEntries(Object.entries(rules).map(([name, one]) => [name, change(one)]))),
  };
}

type Written = Environment["policy"]["rules"][string];

function change({ when, do: act, also }: Written): RuleChange {
  const { within, ...rest } = when ?? {};
  return { when: when && { ...rest, withinMs: within?.ms }, do: act, also };
}
