// The verbs of lastgood flag, their options, and nothing else.
import { type Command, Option } from "commander";
import { run, type Shared } from "./run.ts";

type Make = (command: Command) => Shared;
type Why = { readonly why?: string; readonly incident?: string; readonly for?: string };

const whyOption = () => new Option("--why <reason>", "why, for the record");
const incidentOption = () => new Option("--incident <id>", "the incident that it belongs to");
const forOption = () => new Option("--for <time>", "switch back to the rules by itself after 30m, 2h");

export function flagVerbs(root: Command, shared: Make): void {
  const flag = root.command("flag").description("Switches inside the app: at once, everywhere, and proven.");
  lookVerbs(flag, shared);
  switchVerbs(flag, shared);
  keyVerbs(flag, shared);
}

function lookVerbs(flag: Command, shared: Make): void {
  flag
    .command("list")
    .description("All flags, what they are, and which are switched by hand.")
    .action(async (_: unknown, command: Command) => {
      const { flagListCommand } = await import("./verbs/flag.ts");
      await run(shared(command), flagListCommand);
    });
  flag
    .command("show")
    .description("One flag: its variants and rules, who listens, and what apps pass as default.")
    .argument("<flag>")
    .action(async (name: string, _: unknown, command: Command) => {
      const { flagShowCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagShowCommand(it, name));
    });
  flag
    .command("history")
    .description("Who switched what, when and why.")
    .argument("[flag]")
    .option("-n, --limit <rows>", "how many rows", "30")
    .action(async (name: string | undefined, options: { limit: string }, command: Command) => {
      const { flagHistoryCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagHistoryCommand(it, name ?? null, options.limit));
    });
  flag
    .command("doctor")
    .description("Did each switch take effect in each process, and where not, why.")
    .option(
      "--source <folder>",
      "also look through the app's source for flags read once, and for unused flags",
    )
    .action(async (options: { source?: string }, command: Command) => {
      const { flagDoctorCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagDoctorCommand(it, options.source ?? null));
    });
}

function switchVerbs(flag: Command, shared: Make): void {
  for (const to of ["on", "off"] as const) {
    const command = flag
      .command(to)
      .description(
        `Switch it ${to} for everybody, above all rules; ends when every process has confirmed it.`,
      )
      .argument("<flag>")
      .addOption(whyOption())
      .addOption(incidentOption())
      .addOption(forOption());
    if (to === "off") {
      const live = "also switch running Node processes that have no preload, through their inspector";
      command.option("--force-live", live, false);
    }
    command.action(async (name: string, options: Why & { forceLive?: boolean }, own: Command) => {
      const { flagSwitchCommand } = await import("./verbs/flag.ts");
      await run(shared(own), (it) => flagSwitchCommand(it, { flag: name, to, ...options }));
    });
  }
  flag
    .command("set")
    .description("Give everybody one variant, above all rules.")
    .argument("<flag>")
    .argument("<variant>")
    .addOption(whyOption())
    .addOption(incidentOption())
    .addOption(forOption())
    .action(async (name: string, variant: string, options: Why, command: Command) => {
      const { flagSwitchCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagSwitchCommand(it, { flag: name, to: { variant }, ...options }));
    });
  flag
    .command("lift")
    .description("Take a switch away: the exact rules of before count again.")
    .argument("<flag>")
    .addOption(whyOption())
    .action(async (name: string, options: Why, command: Command) => {
      const { flagLiftCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagLiftCommand(it, name, options.why ?? null));
    });
}

function keyVerbs(flag: Command, shared: Make): void {
  const key = flag.command("key").description("What apps show to read flags of an environment.");
  key
    .command("add")
    .description("Make a key; it is shown this once. Several may be valid, to change one without a gap.")
    .argument("<label>", "what it is for")
    .option("--for <time>", "it ends after 30m, 2h")
    .action(async (label: string, options: Why, command: Command) => {
      const { flagKeyAddCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagKeyAddCommand(it, label, options.for ?? null));
    });
  key
    .command("list")
    .description("All keys, and how many processes came with each.")
    .action(async (_: unknown, command: Command) => {
      const { flagKeyListCommand } = await import("./verbs/flag.ts");
      await run(shared(command), flagKeyListCommand);
    });
  key
    .command("revoke")
    .description("End a key at once; who came with it is cut off and goes on with the last state.")
    .argument("<key>", "its id")
    .action(async (id: string, _: unknown, command: Command) => {
      const { flagKeyRevokeCommand } = await import("./verbs/flag.ts");
      await run(shared(command), (it) => flagKeyRevokeCommand(it, id));
    });
}
