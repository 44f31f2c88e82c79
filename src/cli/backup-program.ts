// The verbs about the database's backups: take, list, prove, restore.
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { run, type Shared } from "./run.ts";

type Make = (command: Command) => Shared;

export function backupVerbs(root: Command, shared: Make): void {
  const backup = root.command("backup").description("Backups of the database: take, list, look at, verify.");
  backup
    .command("now")
    .description("Take a backup of the running database, and copy it to the second place.")
    .action(async (_: unknown, command: Command) => {
      const { backupNowCommand } = await import("./verbs/backup.ts");
      await run(shared(command), backupNowCommand);
    });
  backup
    .command("list")
    .description("What there is to go back to, newest first, and how well each is proved.")
    .action(async (_: unknown, command: Command) => {
      const { backupListCommand } = await import("./verbs/backup.ts");
      await run(shared(command), backupListCommand);
    });
  backup
    .command("show")
    .description("One backup: rows by table, what was written since, how long a restore takes.")
    .argument("<id>", "as lastgood backup list says it")
    .action(async (id: string, _: unknown, command: Command) => {
      const { backupShowCommand } = await import("./verbs/backup.ts");
      await run(shared(command), (it) => backupShowCommand(it, id));
    });
  backup
    .command("verify")
    .description("Read every byte of a backup again, and ask the integrity checks of lastgood.yml.")
    .argument("[id]", "without it, the newest")
    .action(async (id: string | undefined, _: unknown, command: Command) => {
      const { backupVerifyCommand } = await import("./verbs/backup.ts");
      await run(shared(command), (it) => backupVerifyCommand(it, id ?? null));
    });
  drillVerb(root, shared);
  restoreVerb(root, shared);
}

function drillVerb(root: Command, shared: Make): void {
  root
    .command("drill")
    .description(
      "Really restore a backup beside the live database, check it, measure it, take it away again.",
    )
    .argument("[id]", "without it, the newest")
    .option("--at <moment>", "out of the archive of the server's WAL: a point's name, a time, or an age")
    .action(async (id: string | undefined, { at }: { readonly at?: string }, command: Command) => {
      const { drillCommand } = await import("./verbs/backup.ts");
      await run(shared(command), (it) => drillCommand(it, id ?? null, at ?? null));
    });
}

type RestoreOptions = {
  readonly at?: string;
  readonly undo: boolean;
  readonly plan: boolean;
  readonly yes: boolean;
  readonly why?: string;
};

function restoreVerb(root: Command, shared: Make): void {
  root
    .command("restore")
    .description("Put a backup in the place of the database; what is there is kept, and can be brought back.")
    .argument("[backup]", "an id, or a file from elsewhere; without it, the newest that is whole")
    .option(
      "--at <moment>",
      "2026-07-01T03:15Z, or 2h for two hours ago: the newest backup that is not younger. With pointInTime: that very moment, or a point by its name",
    )
    .option("--undo", "back to what the last restore replaced", false)
    .addOption(
      new Option("--plan", "what it costs and what was written since; change nothing").default(false),
    )
    .addOption(new Option("-y, --yes", "do not ask for the name of the database").default(false))
    .option("--why <reason>", "why, for the record")
    .action(async (backup: string | undefined, options: RestoreOptions, command: Command) => {
      const { restoreCommand } = await import("./verbs/restore.ts");
      const { at = null, undo, plan: planOnly, yes, why = null } = options;
      await run(shared(command), (it) =>
        restoreCommand(it, { backup: place(backup), at, undo, planOnly, yes, why }),
      );
    });
}

/** The controller stands in another folder. */
function place(backup: string | undefined): string | null {
  if (backup === undefined) return null;
  return backup.includes("/") ? resolve(backup) : backup;
}
