// The policy: which situation calls for what. The default is the runbook's two tables and its matrix, as data.
import type { Cause, ChangeKind } from "../attribute/attribution.ts";
import type { Impact, Users } from "./severity.ts";

/** What Lastgood may do by itself, for each way back. */
export type Method = "auto" | "ask" | "never";

/** What a rollback without a person does with migrations that came with the release. `undo`: only where nothing is lost. */
export const schemaWords = ["undo", "keep", "ask"] as const;
export type SchemaWord = (typeof schemaWords)[number];

/** Cheapest first: what comes later takes longer and loses more. */
export const remedies = ["flag-off", "roll-back", "restore"] as const;
export type Remedy = (typeof remedies)[number];

export const ruleActions = [
  "hold",
  "investigate",
  "flag-off",
  "roll-back",
  "restore",
  "freeze",
  "ask",
] as const;
export type RuleAction = (typeof ruleActions)[number];

/** What is done besides. `draft`: a message to the payment provider is made ready; a person sends it. */
export const extras = ["freeze", "keep-evidence", "draft", "investigate"] as const;
export type Extra = (typeof extras)[number];

export const breadths = ["broad", "single-client", "down"] as const;
export type Breadth = (typeof breadths)[number];

/** All that is named must hold; of a list one. A stream `latency` also means `latency-p95` and `latency:checkout`. */
export type When = {
  readonly stream?: readonly string[] | undefined;
  readonly breadth?: readonly Breadth[] | undefined;
  readonly cause?: readonly Cause[] | undefined;
  readonly impact?: readonly Impact[] | undefined;
  readonly users?: readonly Users[] | undefined;
  readonly dataRisk?: boolean | undefined;
  /** One of these was changed before the trouble began, at most `within` before. */
  readonly changed?: readonly ChangeKind[] | undefined;
  readonly withinMs?: number | undefined;
  /** True: only what was found outside of a watch; false: only in one, or what was said. */
  readonly outside?: boolean | undefined;
  /** Minutes of the day, in the policy's time zone; past midnight where `from` is later than `to`. */
  readonly between?: { readonly from: number; readonly to: number } | undefined;
};

export type Rule = {
  readonly name: string;
  readonly when: When;
  readonly do: RuleAction;
  readonly also: readonly Extra[];
  /** The row of the runbook, or why: a sentence for people. */
  readonly because: string;
};

/** Hours in which other words count for the methods. */
export type Quiet = {
  readonly from: number;
  readonly to: number;
  readonly flag: Method;
  readonly release: Method;
  readonly database: Method;
};

export type Policy = {
  readonly flag: Method;
  readonly release: Method;
  readonly database: Method;
  readonly migrations: SchemaWord;
  readonly zone: string;
  readonly quiet: readonly Quiet[];
  readonly limits: {
    /** At most so many acts without a person within the window. */
    readonly acts: number;
    readonly withinMs: number;
    /** After an act nothing more is done without a person for so long. */
    readonly coolDownMs: number;
  };
  /** Whom a message about failing payments is for. */
  readonly paymentProvider: string;
  /** In this order; the first that fits counts. */
  readonly rules: readonly Rule[];
};

/** How old a change may be to count as recent, where a rule does not say. */
export const recentMs = 10 * 60_000;

const rule = (
  name: string,
  when: When,
  act: RuleAction,
  because: string,
  also: readonly Extra[] = [],
): Rule => ({
  name,
  when,
  do: act,
  also,
  because,
});

/** Whose doing it is comes first: a rollback mends neither a partner's outage nor what was there before. */
const triggers: readonly Rule[] = [
  rule("security", { stream: ["security"] }, "roll-back", "Security breach: roll back and investigate.", [
    "freeze",
    "keep-evidence",
    "investigate",
  ]),
  rule(
    "data-corruption",
    { stream: ["integrity"] },
    "restore",
    "Data corruption: roll back and put the backup back.",
    ["keep-evidence"],
  ),
  rule(
    "single-client",
    { breadth: ["single-client"] },
    "investigate",
    "Single user issue: it may be that user's own.",
  ),
  rule(
    "external",
    { cause: ["external"] },
    "investigate",
    "Intermittent error: it may be a service of somebody else; going back does not mend that.",
  ),
  rule(
    "pre-existing",
    { cause: ["pre-existing"] },
    "investigate",
    "It was there before this release: going back does not mend it.",
  ),
  rule(
    "slow",
    { stream: ["latency", "silence", "queries", "resources"] },
    "investigate",
    "Slow performance, or events that stay away: look first, it may need no rollback.",
  ),
  rule(
    "told",
    { stream: ["log", "alert", "dependency"] },
    "investigate",
    "Another system, or the app's own log, tells of trouble: look whose it is.",
  ),
  rule(
    "payments-outside",
    { outside: true, stream: ["payments"] },
    "investigate",
    "Payments fail, long after the last deploy: look first, and tell the payment provider.",
    ["draft"],
  ),
  rule(
    "outside",
    { outside: true },
    "investigate",
    "Found outside of a watch: what serves was good, so going back is for a person to say.",
  ),
  rule(
    "flag",
    { cause: ["flag"] },
    "flag-off",
    "A switch of a flag did it: switching it off is the cheapest.",
  ),
  rule("down", { breadth: ["down"] }, "roll-back", "Production down: roll back immediately."),
  rule(
    "payment-failures",
    { stream: ["payments"] },
    "roll-back",
    "Payment failures: roll back and tell the payment provider.",
    ["draft"],
  ),
  rule(
    "broad-errors",
    { stream: ["errors", "control", "restarts"], breadth: ["broad"] },
    "roll-back",
    "Errors above what is tolerated: roll back and investigate.",
    ["investigate"],
  ),
];

/** For what no trigger names: impact, users, data risk. */
const matrix: readonly Rule[] = [
  rule(
    "matrix-critical",
    { impact: ["critical"], dataRisk: true },
    "restore",
    "Critical, data at risk: full rollback and restore.",
  ),
  rule(
    "matrix-high",
    { impact: ["high", "critical"] },
    "roll-back",
    "High, many users: go back, then revert in git.",
  ),
  rule("matrix-medium", { impact: ["medium"] }, "flag-off", "Medium, some users: switch the feature off."),
  rule("matrix-low", { impact: ["low"] }, "hold", "Low, no users: watch it, mend it in the next release."),
];

const minute = 60_000;

export const defaultPolicy: Policy = {
  flag: "auto",
  release: "auto",
  database: "ask",
  migrations: "undo",
  zone: "UTC",
  quiet: [],
  limits: { acts: 5, withinMs: 60 * minute, coolDownMs: 0 },
  paymentProvider: "the payment provider",
  rules: [...triggers, ...matrix],
};

/** What a user's policy says of one rule; what it leaves out stays as it is by default. */
export type RuleChange = {
  readonly when?: When | undefined;
  /** `skip`: the rule does not count. */
  readonly do?: RuleAction | "skip" | undefined;
  readonly also?: readonly Extra[] | undefined;
};

/** Rules of the user's own come first, in their order; changed ones keep their place. */
export function withRules(changes: Readonly<Record<string, RuleChange>>): readonly Rule[] {
  const isDefault = new Set(defaultPolicy.rules.map((one) => one.name));
  const own = Object.entries(changes)
    .filter(([name]) => !isDefault.has(name))
    .map(([name, { when = {}, do: act = "ask", also = [] }]) => ({ name, when, act, also }));
  const added = own.flatMap(({ name, when, act, also }): Rule[] =>
    act === "skip" ? [] : [{ name, when, do: act, also, because: "A rule of your own." }],
  );
  const kept = defaultPolicy.rules.flatMap((one): Rule[] => {
    const change = changes[one.name];
    if (change?.do === "skip") return [];
    return [
      {
        ...one,
        when: change?.when ?? one.when,
        do: change?.do ?? one.do,
        also: change?.also ?? one.also,
        because: change ? `${one.because} Changed by your policy.` : one.because,
      },
    ];
  });
  return [...added, ...kept];
}
