// `migrations:` how the app changes its database's schema.
import { z } from "zod";
import { tools } from "../../core/migrations/status.ts";
import { argument, complain, duration, name, path } from "../values.ts";

export const migrations = z
  .strictObject({
    tool: z.enum(tools).meta({
      description: "What applies them. `sql`: a folder of plain SQL files that a runner of your own applies.",
    }),
    folder: path("prisma/migrations").meta({
      description: "The folder with the migrations that the release ships.",
    }),
    table: argument()
      .optional()
      .meta({
        instead: "the tool's own",
        description: "The table in which the tool writes down what it applied, where it is another one.",
        examples: ["schema_migrations"],
      }),
    service: name("api").optional().meta({
      description: "Whose image and environment the way down runs in. Needed for knex and node-pg-migrate.",
    }),
    down: z
      .array(argument())
      .min(1)
      .optional()
      .meta({
        description:
          "The command that takes one migration down, one list item each; {name} stands for it. Needed for knex and node-pg-migrate.",
        examples: [["npx", "knex", "migrate:down", "{name}"]],
      }),
    timeout: duration(1)
      .prefault("10m")
      .meta({ description: "How long one of them may take to go down; then it is stopped." }),
  })
  .superRefine(({ service, down }, context) => {
    if ((service === undefined) === (down === undefined)) return;
    const missing = service === undefined ? "service" : "down";
    complain(context, [missing], {
      what: "`service` and `down` say one thing together: whose image runs which command",
      fix: `write ${missing} too, or take the other out`,
    });
  });
