// `policy:` what Lastgood may do by itself, and what it does in which situation.
import { z } from "zod";
import { breadths, defaultPolicy, extras, ruleActions, schemaWords } from "../../core/decide/policy.ts";
import { impacts, userShares } from "../../core/decide/severity.ts";
import { durationText } from "../duration.ts";
import { nearest } from "../nearest.ts";
import { argument, complain, count, duration, name, timeOfDay, zone } from "../values.ts";

const mode = z.enum(["auto", "ask", "never"]);
const causes = ["release", "flag", "external", "single-client", "pre-existing", "unknown"] as const;
const changeKinds = ["deploy", "flag", "config", "migration", "certificate", "env"] as const;

const quiet = z.strictObject({
  from: timeOfDay("22:00").meta({ description: "When they begin." }),
  to: timeOfDay("06:00").meta({ description: "When they end; past midnight where it is earlier than from." }),
  flag: mode.prefault("ask").meta({ description: "What counts for flags in these hours." }),
  release: mode.prefault("ask").meta({ description: "What counts for releases in these hours." }),
  database: mode.prefault("ask").meta({ description: "What counts for the database in these hours." }),
});

const acts = z.strictObject({
  acts: count(0, 1_000)
    .prefault(defaultPolicy.limits.acts)
    .meta({ description: "How often Lastgood may act by itself within the window; after that it asks." }),
  within: duration(1).prefault(durationText(defaultPolicy.limits.withinMs)).meta({
    description: "The window in which acts are counted.",
  }),
  coolDown: duration().prefault(durationText(defaultPolicy.limits.coolDownMs)).meta({
    description: "For how long after an act it does nothing more by itself, and asks.",
  }),
});

const list = <T extends readonly [string, ...string[]]>(words: T, description: string, examples: string[]) =>
  z
    .array(z.enum(words))
    .min(1)
    .optional()
    .meta({ description, examples: [examples] });

const when = z.strictObject({
  stream: z
    .array(argument())
    .min(1)
    .optional()
    .meta({
      description:
        "What was seen: errors, latency, payments, probe, silence, integrity, security, queries, resources; latency also means latency-p95.",
      examples: [["errors"]],
    }),
  breadth: list(breadths, "How far it reaches.", ["broad"]),
  cause: list(causes, "Whose doing it looks to be.", ["release", "unknown"]),
  impact: list(impacts, "How bad it is.", ["high", "critical"]),
  users: list(userShares, "How many are hit.", ["many", "all"]),
  dataRisk: z
    .boolean()
    .optional()
    .meta({ description: "Whether data is at risk.", examples: [true] }),
  changed: list(changeKinds, "What was changed shortly before it began.", ["migration"]),
  within: duration(1).optional().meta({ description: "How shortly before; without it, ten minutes." }),
  outside: z
    .boolean()
    .optional()
    .meta({
      description:
        "true: only what was found outside of a watch; false: only in one, or what somebody reports. By default both count.",
      examples: [false],
    }),
  between: z
    .strictObject({
      from: timeOfDay("08:00").meta({ description: "When it begins to count." }),
      to: timeOfDay("18:00").meta({ description: "When it ends." }),
    })
    .optional()
    .meta({ description: "At what time of day, in the policy's zone." }),
});

const rule = z.strictObject({
  when: when.optional().meta({
    description: "When it counts: all that is named must hold, of a list one. Rules of your own need it.",
  }),
  do: z
    .enum([...ruleActions, "skip"])
    .optional()
    .meta({
      description:
        "What is done. skip: the rule does not count. flag-off, roll-back, restore: the cheapest way from there on.",
      examples: ["roll-back"],
    }),
  also: z
    .array(z.enum(extras))
    .optional()
    .meta({
      description:
        "What is done besides: freeze deploys, keep the evidence, draft a message to the payment provider, open an investigation.",
      examples: [["investigate"]],
    }),
});

const defaults = defaultPolicy.rules.map((one) => one.name);

const rules = z.record(name("broad-errors"), rule).superRefine((all, context) => {
  for (const [called, given] of Object.entries(all)) {
    if (defaults.includes(called) || (given.when && given.do)) continue;
    const meant = nearest(called, defaults);
    const fix = meant
      ? `write ${meant} to change that rule, or give this one \`when\` and \`do\``
      : "give it `when` and `do`";
    complain(context, [called], { what: `\`${called}\` is a rule of your own and says too little`, fix });
  }
});

export const policy = z.strictObject({
  release: mode.prefault(defaultPolicy.release).meta({
    description:
      "Going back to the last good release. auto: do it and tell; ask: prepare it and wait for a person; never: only tell.",
  }),
  database: mode.prefault(defaultPolicy.database).meta({
    description: "Putting back a backup of the database. The same three words.",
  }),
  migrations: z.enum(schemaWords).prefault(defaultPolicy.migrations).meta({
    description:
      "What going back to the last good release does with migrations of the release that is left, unless that release is known to run on them. undo: take them down where nothing is lost, else ask; keep: the code goes back alone; ask: wait for a person.",
  }),
  flag: mode.prefault(defaultPolicy.flag).meta({
    description: "Switching off a flag that is the cause. The same three words.",
  }),
  zone: zone().prefault(defaultPolicy.zone).meta({ description: "Whose clock the hours below go by." }),
  quiet: z.array(quiet).prefault([]).meta({
    description: "Hours in which other words count: mostly those when nobody wants it done without a person.",
  }),
  limits: acts.prefault({}).meta({ description: "How much it may do by itself in a row." }),
  paymentProvider: argument()
    .prefault(defaultPolicy.paymentProvider)
    .meta({ description: "Whom the message about failing payments is for.", examples: ["Stripe"] }),
  rules: rules.prefault({}).meta({
    description:
      "Rules by name. A default one (the reference page lists them) is changed by what is written here; others are your own and come first.",
    examples: [{ "broad-errors": { do: "roll-back" } }],
  }),
});
