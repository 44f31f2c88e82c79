// npm run long [-- vitest arguments]: tests that take minutes each and kill what they run on; as root on Debian.
// LASTGOOD_ROUNDS, LASTGOOD_LOAD and LASTGOOD_KILLS say how much: 10, 200 and 70 without them. Of containers nine of ten
// kills hit; of a database server all that are asked for must.
import { join } from "node:path";
import process from "node:process";
import { runNode } from "./child.ts";

const amounts = { LASTGOOD_ROUNDS: "10", LASTGOOD_LOAD: "200", LASTGOOD_KILLS: "70" } as const;
const limits = { ms: 2 * 3_600_000, headBytes: 1024 * 1024, tailBytes: 128 * 1024 };

for (const [name, value] of Object.entries(amounts)) process.env[name] ??= value;
const vitest = join(import.meta.dirname, "..", "node_modules", "vitest", "vitest.mjs");

/** One file after the other: two of them would kill what the machine gives them. Returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  const argv = [vitest, "run", "--no-file-parallelism", ...args, ...process.argv.slice(2)];
  const ended = await runNode(argv, limits, (text) => process.stdout.write(text));
  if (ended.timedOut)
    process.stdout.write(`they took longer than ${limits.ms / 60_000} minutes and were ended\n`);
  return ended.exit ?? 1;
}

const stacks = await run(["test/e2e/stacks"]);
process.env["LASTGOOD_LONG"] = "1";
const heavy = await run([]);
process.exitCode = Math.max(stacks, heavy);
