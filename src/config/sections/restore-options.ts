// `restore:` of a PostgreSQL database: how it is done, where the usual way does not suit.
import { z } from "zod";
import { argument, complain, count, name } from "../values.ts";

/** More loads at once than this help nobody, and each is a connection. */
const jobsMax = 32;

const pooler = z.strictObject({
  url: argument().meta({
    description: `The URL of pgbouncer's admin console, without the database: it is always pgbouncer. \${NAME} is filled in from envFile; no password is written here.`,
    examples: [`postgresql://pgbouncer:\${POOLER_PASSWORD}@127.0.0.1:6432`],
  }),
  database: name("shop").optional().meta({
    instead: "as in url of the database",
    description: "What pgbouncer calls the database, where it has another name there.",
  }),
});

export const restoreOptions = z
  .strictObject({
    jobs: count(1, jobsMax).prefault(1).meta({
      description:
        "Tables that are loaded at once. More is faster, and slows the server's other databases down while it lasts.",
    }),
    amcheck: z.boolean().prefault(false).meta({
      description:
        "Also reads every page of what was restored with pg_amcheck, before it takes the database's place. Needs the extension amcheck and its time.",
    }),
    sessions: z.enum(["refuse", "end"]).prefault("refuse").meta({
      description:
        "Who is connected at the exchange though the app was stopped. `refuse`: the restore stops and names them. `end`: they are cut off, and meet the other database when they are back.",
    }),
    pooler: pooler.optional().meta({
      instead: "no pooler",
      description: "A pgbouncer in front: its clients wait during the exchange, none is turned away.",
    }),
  })
  .superRefine(({ pooler: given }, context) => {
    const path = given && URL.parse(given.url.replaceAll(/\$\{\w+\}/g, "x"))?.pathname;
    if (path && path !== "/" && path !== "/pgbouncer")
      complain(context, ["pooler", "url"], {
        what: "the admin console of pgbouncer is its database pgbouncer, and another one is named",
        fix: "end the URL after the port",
      });
  });
