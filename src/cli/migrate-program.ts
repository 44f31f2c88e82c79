// The verbs about migrations.
import { type Command, Option } from "commander";
import { run, type Shared } from "./run.ts";

type Make = (command: Command) => Shared;
type Options = {
  readonly steps: string;
  readonly to?: string;
  readonly plan: boolean;
  readonly yes: boolean;
};

export function migrateVerbs(root: Command, shared: Make): void {
  const migrate = root
    .command("migrate")
    .description("Migrations of the database: where it stands, and the way down.");
  migrate
    .command("status")
    .description(
      "Applied, pending, and unknown to the release's folder; and what an older release makes of that.",
    )
    .action(async (_: unknown, command: Command) => {
      const { migrateStatusCommand } = await import("./verbs/migrate.ts");
      await run(shared(command), migrateStatusCommand);
    });
  migrate
    .command("down")
    .description(
      "Undo the newest migrations: by what was made and tried, or by what their authors wrote; or say why not.",
    )
    .option("-n, --steps <count>", "how many", "1")
    .option("--to <name>", "all that came after this one")
    .addOption(new Option("--plan", "print what would be done, change nothing").default(false))
    .addOption(new Option("-y, --yes", "do not ask").default(false))
    .action(async ({ steps: count, to, plan: planOnly, yes }: Options, command: Command) => {
      const { migrateDownCommand } = await import("./verbs/migrate.ts");
      await run(shared(command), (it) => migrateDownCommand(it, { count, to: to ?? null, planOnly, yes }));
    });
}
