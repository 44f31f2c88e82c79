// npm run verify: everything that CI does after `npm ci`. Without tests: npm run verify -- --checks
import { join } from "node:path";
import { runNode } from "./child.ts";
import { closingLine } from "./count.ts";
import { runTests } from "./test.ts";

const root = join(import.meta.dirname, "..");
const limits = { ms: 5 * 60_000, headBytes: 64 * 1024, tailBytes: 16 * 1024 };

type Check = {
  readonly name: string;
  /** A script of ours or of a package, and its arguments. */
  readonly run: readonly string[];
};

const built = 'const { main } = await import("./dist/main.js"); await main(["--version"], "built");';

const checks: readonly Check[] = [
  { name: "types", run: ["node_modules/typescript/bin/tsc", "-p", "tsconfig.json"] },
  { name: "lint", run: ["node_modules/@biomejs/biome/bin/biome", "check", "--max-diagnostics=50", "."] },
  { name: "dead code", run: ["node_modules/knip/bin/knip.js"] },
  { name: "generated files", run: ["scripts/gen.ts", "--check"] },
  { name: "build", run: ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"] },
  { name: "flags package", run: ["packages/flags/build.ts"] },
  { name: "what was built", run: ["--input-type=module", "--eval", built] },
];

/** One line for each that holds, its whole output for each that does not. Returns how many do not. */
async function runChecks(): Promise<number> {
  let failed = 0;
  for (const { name, run } of checks) {
    const output: Buffer[] = [];
    const { exit, ms } = await runNode(run, limits, (text) => output.push(text));
    const seconds = (ms / 1_000).toFixed(1);
    say(exit === 0 ? `check ${name}: ok (${seconds} s)` : `check ${name}: FAILED (${seconds} s)`);
    if (exit === 0) continue;
    failed += 1;
    process.stdout.write(Buffer.concat(output));
  }
  return failed;
}

async function verify(args: readonly string[]): Promise<number> {
  process.chdir(root);
  const failed = await runChecks();
  if (args.includes("--checks")) return failed === 0 ? 0 : 1;
  if (failed > 0) say(`${failed} checks failed; they count as failed below`);
  return runTests([], failed);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

try {
  process.exitCode = await verify(process.argv.slice(2));
} catch (error) {
  // Whoever reads the last line must not find an older one.
  say(`verify itself failed: ${(error as Error).stack ?? error}`);
  say(closingLine({ passed: 0, failed: 1, skipped: 0 }));
  process.exitCode = 1;
}
