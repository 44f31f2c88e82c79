// The command line: verbs, their options, and nothing else.
import { Command, CommanderError, Option } from "commander";
import { backupVerbs } from "./backup-program.ts";
import type { Edges } from "./connection.ts";
import { decisionVerbs } from "./decision-program.ts";
import { flagVerbs } from "./flag-program.ts";
import { hostVerbs } from "./host-program.ts";
import type { Io } from "./io.ts";
import { migrateVerbs } from "./migrate-program.ts";
import { replayVerb } from "./replay-program.ts";
import { exitWith, run, type Shared } from "./run.ts";
import { salvageVerb } from "./salvage-program.ts";

export function program(edges: Edges, io: Io): Command {
  const root = new Command("lastgood")
    .description(
      "Gets production back to its last good state: in seconds, with nothing lost, and with proof.",
    )
    .version(edges.version)
    .option("-c, --config <file>", "the config file", "lastgood.yml")
    .option("-e, --env <name>", "which environment", "production")
    .option("--json", "one JSON document on standard output, everything else on standard error", false)
    .option("--take-over", "end a controller that does not answer, and go on without it", false)
    .addHelpText("after", afterHelp)
    .exitOverride()
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .showSuggestionAfterError(true)
    .showHelpAfterError("(lastgood --help lists the commands)");
  const shared = (command: Command): Shared => ({ ...command.optsWithGlobals(), edges, io }) as Shared;
  initVerb(root, shared);
  deployVerb(root, shared);
  rollbackVerb(root, shared);
  leaveVerb(root, shared);
  backupVerbs(root, shared);
  salvageVerb(root, shared);
  migrateVerbs(root, shared);
  lookVerbs(root, shared);
  decisionVerbs(root, shared);
  flagVerbs(root, shared);
  hostVerbs(root, shared);
  lockVerbs(root, shared);
  logVerbs(root, shared);
  badDayVerbs(root, shared);
  replayVerb(root, shared);
  controllerVerbs(root, shared);
  for (const command of root.commands)
    command.exitOverride().configureOutput({ writeOut: io.out, writeErr: io.err });
  return root;
}

const afterHelp = `
Exit codes: 0 done, 1 failed, 2 usage or config error, 3 refused by a gate or guard, 4 waits for a person,
5 rolled back: the command ended on the previous release.`;

type Make = (command: Command) => Shared;

const planOption = () => new Option("--plan", "print what would be done, change nothing").default(false);
const yesOption = () => new Option("-y, --yes", "do not ask").default(false);
const noWaitOption = () =>
  new Option("--no-wait", "do not wait for the watch; a running controller goes on watching");

function initVerb(root: Command, shared: Make): void {
  root
    .command("init")
    .description(
      "Write lastgood.yml from what lies here: compose files, .env, nginx, units, migrations, workflows.",
    )
    .addOption(planOption())
    .addOption(yesOption())
    .option("--replace", "also replace files of yours; each is kept beside as NAME.before-init", false)
    .action(async (options: { plan: boolean; yes: boolean; replace: boolean }, command: Command) => {
      const { initCommand } = await import("./verbs/init.ts");
      const { plan: planOnly, yes, replace } = options;
      await run(shared(command), (it) => initCommand(it, { planOnly, yes, replace }, it.edges.init));
    });
}

function deployVerb(root: Command, shared: Make): void {
  root
    .command("deploy")
    .description("Send a version out, watch it, and go back by itself when it is bad.")
    .argument("<version>", "the version to deploy")
    .addOption(planOption())
    .addOption(yesOption())
    .addOption(noWaitOption())
    .option("--lift <why>", "deploy it although it is quarantined; say why it is safe now")
    .action(async (name: string, options: Options, command: Command) => {
      const { deployCommand } = await import("./verbs/deploy.ts");
      await run(shared(command), (it) =>
        deployCommand(it, { version: name, ...flags(options), lift: options.lift ?? null }),
      );
    });
}

function rollbackVerb(root: Command, shared: Make): void {
  root
    .command("rollback")
    .description("Get production back to last good, or to a version that you name.")
    .argument("[version]", "a version; without it, last good")
    .addOption(planOption())
    .addOption(yesOption())
    .addOption(noWaitOption())
    .option(
      "--with-data",
      "also put back the restore point of the database that was taken before this release",
      false,
    )
    .option(
      "--with-migrations",
      "also take down the migrations that came with the release that is left",
      false,
    )
    .option("--choose", "pick from a list", false)
    .option("--why <reason>", "why, for the record")
    .action(async (name: string | undefined, options: Options, command: Command) => {
      const { rollbackCommand } = await import("./verbs/rollback.ts");
      const wish = {
        version: name ?? null,
        withData: options.withData === true,
        withMigrations: options.withMigrations === true,
        choose: options.choose === true,
        why: options.why ?? null,
      };
      await run(shared(command), (it) => rollbackCommand(it, { ...wish, ...flags(options) }));
    });
}

function leaveVerb(root: Command, shared: Make): void {
  root
    .command("leave")
    .description(
      "Give a stack that was taken over back to its own compose file; what serves goes on serving.",
    )
    .addOption(planOption())
    .addOption(yesOption())
    .action(async (options: Options, command: Command) => {
      const { leaveCommand } = await import("./verbs/leave.ts");
      await run(shared(command), (it) => leaveCommand(it, flags(options)));
    });
}

type Options = {
  plan?: boolean;
  yes?: boolean;
  wait?: boolean;
  lift?: string;
  withData?: boolean;
  withMigrations?: boolean;
  choose?: boolean;
  why?: string;
};

function flags(options: Options) {
  return { planOnly: options.plan === true, yes: options.yes === true, wait: options.wait !== false };
}

function lookVerbs(root: Command, shared: Make): void {
  root
    .command("status")
    .description("Is production all right, since when, and what can be undone.")
    .option("--all", "all environments", false)
    .action(async (options: { all: boolean }, command: Command) => {
      const { statusCommand } = await import("./verbs/look.ts");
      await run(shared(command), (it) => statusCommand(it, options.all));
    });
  root
    .command("history")
    .description("What went out, what went back, and the timeline.")
    .option("-n, --limit <rows>", "how many rows", "30")
    .action(async (options: { limit: string }, command: Command) => {
      const { historyCommand } = await import("./verbs/look.ts");
      await run(shared(command), (it) => historyCommand(it, options.limit));
    });
}

function lockVerbs(root: Command, shared: Make): void {
  const lock = root.command("lock").description("Who holds the environment, and how to free it.");
  lock
    .command("show")
    .description("Who holds it, for what, since when.")
    .action(async (_: unknown, command: Command) => {
      const { lockShowCommand } = await import("./verbs/lock.ts");
      await run(shared(command), lockShowCommand);
    });
  lock
    .command("break")
    .description("Give up the run that holds it; a run under way goes back first.")
    .addOption(yesOption())
    .option("--why <reason>", "why, for the record", "no reason given")
    .action(async (options: { yes: boolean; why: string }, command: Command) => {
      const { lockBreakCommand } = await import("./verbs/lock.ts");
      await run(shared(command), (it) => lockBreakCommand(it, options));
    });
}

function logVerbs(root: Command, shared: Make): void {
  const log = root.command("log").description("The journal: every fact, in order.");
  log
    .command("tail")
    .description("The newest facts; with --follow, also those to come.")
    .option("-n, --lines <count>", "how many", "20")
    .option("-f, --follow", "go on", false)
    .action(async (options: { lines: string; follow: boolean }, command: Command) => {
      const { logTailCommand } = await import("./verbs/log.ts");
      await run(shared(command), (it) => logTailCommand(it, options));
    });
  log
    .command("export")
    .description("All facts as NDJSON on standard output.")
    .action(async (_: unknown, command: Command) => {
      const { logExportCommand } = await import("./verbs/log.ts");
      await run(shared(command), logExportCommand);
    });
  log
    .command("verify")
    .description("Prove that no fact was changed, lost or added.")
    .action(async (_: unknown, command: Command) => {
      const { logVerifyCommand } = await import("./verbs/log.ts");
      await run(shared(command), logVerifyCommand);
    });
  log
    .command("rebuild")
    .description("Put a damaged journal aside and rebuild it from its copy.")
    .addOption(yesOption())
    .option("--accept-loss", "go on without facts that neither the file nor its copy gives whole", false)
    .action(async (options: { yes: boolean; acceptLoss: boolean }, command: Command) => {
      const { logRebuildCommand } = await import("./verbs/log.ts");
      await run(shared(command), (it) => logRebuildCommand(it, options));
    });
}

function badDayVerbs(root: Command, shared: Make): void {
  root
    .command("doctor")
    .description("Look at everything at once, what is bad first. All environments, or the one of -e.")
    .action(async (_: unknown, command: Command) => {
      const { doctorCommand } = await import("./verbs/doctor.ts");
      const named = command.getOptionValueSourceWithGlobals("env") !== "default";
      await run(shared(command), (it) => doctorCommand(it, named ? it.env : null));
    });
  root
    .command("logs")
    .description("The newest output of a part, whatever runs it; without a name, which parts there are.")
    .argument("[part]", "a service, a database, nginx, the edge, a unit")
    .option("-n, --lines <count>", "how many", "100")
    .option("--since <time>", "only what is newer: 10m, or a time")
    .option("-f, --follow", "go on", false)
    .action(async (part: string | undefined, options: LogsOptions, command: Command) => {
      const { logsCommand } = await import("./verbs/parts.ts");
      const { lines, follow, since = null } = options;
      await run(shared(command), (it) => logsCommand(it, { part: part ?? null, lines, follow, since }));
    });
  root
    .command("restart")
    .description(
      "Restart a part. A service of the release is renewed without downtime; a database asks first.",
    )
    .argument("<part>", "as lastgood logs lists them")
    .addOption(yesOption())
    .action(async (part: string, options: { yes: boolean }, command: Command) => {
      const { restartCommand } = await import("./verbs/parts.ts");
      await run(shared(command), (it) => restartCommand(it, part, options.yes));
    });
  root
    .command("break-glass")
    .description("Write the script that brings last good back when Lastgood itself is gone.")
    .option("--print", "print the script", false)
    .option("--words", "print the same steps in words, for paper", false)
    .action(async (options: { print: boolean; words: boolean }, command: Command) => {
      const { breakGlassCommand } = await import("./verbs/break-glass.ts");
      await run(shared(command), (it) => breakGlassCommand(it, options));
    });
}

type LogsOptions = { readonly lines: string; readonly follow: boolean; readonly since?: string };

function controllerVerbs(root: Command, shared: Make): void {
  root
    .command("serve")
    .description("Run the controller: watches, revives what died, answers commands.")
    .action(async (_: unknown, command: Command) => {
      const { serveCommand } = await import("./verbs/serve.ts");
      await run(shared(command), serveCommand);
    });
  root
    .command("demo")
    .description("Watch it work: a bad release goes out on this machine, is caught, and last good is back.")
    .addOption(
      new Option("--stack <name>", "on an example stack, in real containers").choices(["hummii", "hibachi"]),
    )
    .action(async (options: { stack?: "hummii" | "hibachi" }, command: Command) => {
      const { demoCommand } = await import("./verbs/demo.ts");
      await run(shared(command), (it) => demoCommand(it, options.stack ?? null));
    });
  root
    .command("config")
    .description("Check the config file; with --example, print an annotated one.")
    .option("--example", "print an example", false)
    .action(async (options: { example: boolean }, command: Command) => {
      const { configCommand } = await import("./verbs/config.ts");
      await run(shared(command), (it) => configCommand(it, options.example));
    });
}

/** Parse and run; resolves to the exit code. */
export async function runCommandLine(argv: readonly string[], edges: Edges, io: Io): Promise<number> {
  try {
    await program(edges, io).parseAsync([...argv], { from: "user" });
    return exitWith();
  } catch (error) {
    // Commander has already said what was wrong.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    throw error;
  }
}
