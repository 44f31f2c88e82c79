// The default policy on the reference page: the same data that decides, in the config's language.
import { stringify } from "yaml";
import { defaultPolicy, type Rule } from "../../core/decide/policy.ts";
import { durationText } from "../duration.ts";

export function defaultPolicyText(): string {
  const rows = defaultPolicy.rules.map((one) => `| \`${one.name}\` | ${one.because} |`);
  const rules = Object.fromEntries(defaultPolicy.rules.map((one) => [one.name, written(one)]));
  return `## The default policy

The first rule that fits counts, in this order; yours come before them. What is asked for is done by the cheapest way from
there on: a flag, one switch, a start, a restore. Before any rule: a silent source asks, and what goes on after a rollback is
never rolled back again.

| rule | because |
| --- | --- |
${rows.join("\n")}

\`\`\`yaml
${stringify({ policy: { rules } }, { lineWidth: 0, flowCollectionPadding: false, collectionStyle: "any" }).trimEnd()}
\`\`\`
`;
}

function written({ when, do: act, also }: Rule) {
  const { withinMs, ...rest } = when;
  const conditions = withinMs === undefined ? rest : { ...rest, within: durationText(withinMs) };
  return { when: conditions, do: act, ...(also.length === 0 ? {} : { also: [...also] }) };
}
