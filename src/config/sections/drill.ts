// `drill:` how a release is tried on a copy of the database, and what a deploy with a migration asks of drills.
import { z } from "zod";
import { complain, count, listen, variable, variableName } from "../values.ts";

/** Twice the usual pause between two drills, and a day. */
const daysDefault = 15;
const daysMax = 366;

/** Set by us for what is tried. */
const ours = /^(PORT|PGAPPNAME|LASTGOOD_.*)$/;

const env = z.record(variableName(), variable()).superRefine((variables, context) => {
  for (const name of Object.keys(variables).filter((each) => ours.test(each)))
    complain(context, [name], { what: `\`${name}\` is set by Lastgood for what is tried`, fix: "remove it" });
});

export const drill = z.strictObject({
  releases: z
    .boolean()
    .prefault(false)
    .meta({
      description:
        "true: a drill also starts the release of that time on the restored copy, and a deploy that brings a migration starts the release that serves on the newer schema; each answers its smoke checks and flows there. It runs with production's own settings but for the database: set in env whatever sends mail, takes payments or works through queues.",
      examples: [true],
    }),
  variable: variableName()
    .optional()
    .meta({
      instead: "as in url of the database; and whatever holds its URL",
      description:
        "Which of the app's variables names the database, with a URL or its bare name. A release that is tried on a copy gets the copy's there.",
      examples: ["DATABASE_URL"],
    }),
  server: listen({ anyPort: false })
    .optional()
    .meta({
      instead: "as the app reaches it",
      description:
        "Where the app reaches the database's server itself, past a pooler that knows no copies. It takes the place of host and port in the URL.",
      examples: ["db:5432"],
    }),
  env: env.prefault({}).meta({
    description:
      "Variables that are set for a release that is tried, so that nothing leaves the house: mail, payments, webhooks. LASTGOOD_TRIAL=yes is always set.",
    examples: [{ MAIL_DRIVER: "log", PAYMENTS: "sandbox" }],
  }),
  maxDays: count(1, daysMax).prefault(daysDefault).meta({
    description: "How old the newest drill may be before a deploy that brings a migration, in days.",
  }),
  beforeMigrations: z.enum(["warn", "refuse", "off"]).prefault("warn").meta({
    description:
      "A deploy that brings a migration while the newest drill failed, is too old, or was never made. `warn`: its plan says so. `refuse`: it does not go out. `off`: neither.",
  }),
});
