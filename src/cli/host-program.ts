// The verbs of `lastgood host`.
import type { Command } from "commander";
import { run, type Shared } from "./run.ts";

type Make = (command: Command) => Shared;

export function hostVerbs(root: Command, shared: Make): void {
  const host = root
    .command("host")
    .description("Other machines over ssh: which are trusted, and can they be reached.");
  addVerb(host, shared);
  host
    .command("list")
    .description("All machines that are trusted.")
    .action(async (_: unknown, command: Command) => {
      const { hostListCommand } = await import("./verbs/host.ts");
      await run(shared(command), hostListCommand);
    });
  host
    .command("check")
    .description("Can they be reached, and are they still the same?")
    .argument("[name]", "one of them; without it, all")
    .action(async (name: string | undefined, _: unknown, command: Command) => {
      const { hostCheckCommand } = await import("./verbs/host.ts");
      await run(shared(command), (it) => hostCheckCommand(it, name ?? null));
    });
  host
    .command("remove")
    .description("Trust a machine no more.")
    .argument("<name>", "which one")
    .action(async (name: string, _: unknown, command: Command) => {
      const { hostRemoveCommand } = await import("./verbs/host.ts");
      await run(shared(command), (it) => hostRemoveCommand(it, name));
    });
}

function addVerb(host: Command, shared: Make): void {
  host
    .command("add")
    .description("Trust a machine by the fingerprint of its key, which is shown and asked about.")
    .argument("<name>", "what you call it")
    .argument("<address>", "user@host or user@host:port")
    .option("--fingerprint <sha256>", "the fingerprint that it must have; then nobody is asked")
    .option("--identity <file>", "a private key to log in with")
    .action(
      async (
        name: string,
        address: string,
        options: { fingerprint?: string; identity?: string },
        command: Command,
      ) => {
        const { hostAddCommand } = await import("./verbs/host.ts");
        const { fingerprint = null, identity = null } = options;
        await run(shared(command), (it) =>
          hostAddCommand(it, { name, address, fingerprint, identityFile: identity }),
        );
      },
    );
}
