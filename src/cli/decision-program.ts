// The verbs about decisions: why, what if, and a person's word.
import { type Command, Option } from "commander";
import { impacts, reportKinds, userShares } from "../core/decide/severity.ts";
import { run, type Shared } from "./run.ts";

export function decisionVerbs(root: Command, shared: (command: Command) => Shared): void {
  root
    .command("explain")
    .description("Why it was done, or was not: facts, rule, and why nothing else.")
    .argument("[what]", "a decision, watch, incident, run or release; without it, the newest decision")
    .action(async (what: string | undefined, _: unknown, command: Command) => {
      const { explainCommand } = await import("./verbs/explain.ts");
      await run(shared(command), (it) => explainCommand(it, what ?? null));
    });
  root
    .command("compare")
    .description("Would going back help? Errors, latency and resources of two releases, minute by minute.")
    .argument("[release]", "a version; without it, what serves")
    .argument("[to]", "what one would go back to; without it, last good")
    .action(async (release: string | undefined, to: string | undefined, _: unknown, command: Command) => {
      const { compareCommand } = await import("./verbs/explain.ts");
      await run(shared(command), (it) => compareCommand(it, release ?? null, to ?? null));
    });
  root
    .command("report")
    .description("Say what is wrong: the policy decides, and what it allows is done.")
    .argument("<kind>", reportKinds.join(", "))
    .argument("<what>", "what you see, in your words")
    .addOption(new Option("--plan", "only say what would be decided").default(false))
    .addOption(new Option("--impact <impact>", "how bad, for the matrix").choices([...impacts]))
    .addOption(new Option("--users <users>", "how many are hit").choices([...userShares]))
    .option("--data-risk", "data is at risk")
    .action(async (kind: string, what: string, options: ReportOptions, command: Command) => {
      const { reportCommand } = await import("./verbs/explain.ts");
      await run(shared(command), (it) => reportCommand(it, kind, what, options));
    });
  root
    .command("freeze")
    .description("Nothing is deployed until it is lifted; rollbacks go on working. Without a reason: show.")
    .argument("[why]", "why, for the record")
    .option("--lift <why>", "deploys may go out again; say why")
    .action(async (why: string | undefined, options: { lift?: string }, command: Command) => {
      const { freezeCommand } = await import("./verbs/explain.ts");
      await run(shared(command), (it) => freezeCommand(it, { why: why ?? null, lift: options.lift ?? null }));
    });
}

type ReportOptions = { plan: boolean; impact?: string; users?: string; dataRisk?: boolean };
