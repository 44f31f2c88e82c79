// The verb about rows that a restore took away.
import { type Command, Option } from "commander";
import { run, type Shared } from "./run.ts";

type Make = (command: Command) => Shared;
type Options = {
  readonly table: readonly string[];
  readonly only: readonly string[];
  readonly doubtful: boolean;
  readonly overwrite: boolean;
  readonly plan: boolean;
  readonly yes: boolean;
};

const collect = (value: string, before: readonly string[]) => [...before, value];

export function salvageVerb(root: Command, shared: Make): void {
  root
    .command("salvage")
    .description("Show the rows that a restore took away, and bring back those that you pick.")
    .argument(
      "[kept]",
      "before-<op>, as lastgood backup list says it; without it, what the newest restore replaced",
    )
    .addOption(
      new Option("--table <name>", "only this table; may be said again")
        .argParser(collect)
        .default([], "all"),
    )
    .addOption(
      new Option("--only <kind>", "only insert, update or delete; may be said again")
        .argParser(collect)
        .default([], "all"),
    )
    .option("--doubtful", "also what was written just before the migration, or by it", false)
    .option("--overwrite", "where a row was changed in both, take the kept one", false)
    .addOption(new Option("--plan", "print what would be done, change nothing").default(false))
    .addOption(new Option("-y, --yes", "do not ask").default(false))
    .action(async (kept: string | undefined, options: Options, command: Command) => {
      const { salvageCommand } = await import("./verbs/salvage.ts");
      const { table, only, doubtful, overwrite, plan: planOnly, yes } = options;
      const tables = table.length > 0 ? table : null;
      await run(shared(command), (it) =>
        salvageCommand(it, { kept: kept ?? null, tables, only, doubtful, overwrite, planOnly, yes }),
      );
    });
}
