// npm test: starts the real parts, runs vitest, and ends with `N passed, N failed, N skipped`.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runNode } from "./child.ts";
import {
  type Circumstances,
  closingLine,
  countOf,
  exitCode,
  isNarrowed,
  type Report,
  skippedIn,
} from "./count.ts";
import { parts, startParts, stopParts } from "./parts/table.ts";

const root = join(import.meta.dirname, "..");
const limits = { ms: 38 * 60_000, headBytes: 1024 * 1024, tailBytes: 128 * 1024 };
const shownSkipped = 50;

/** Run the tests with vitest's own arguments; `failedBefore` checks count as failed too. Returns the exit code. */
export async function runTests(args: readonly string[], failedBefore = 0): Promise<number> {
  const missing = await startParts(parts, say);
  const { report, exit } = await runWithParts(args, missing);
  const ci = process.env["CI"] === "true";
  const circumstances = { exit, ci, narrowed: isNarrowed(args), missing, failedBefore };
  tellSkipped(report, circumstances);
  const count = countOf(report, circumstances);
  say(closingLine(count));
  return exitCode(count);
}

async function runWithParts(args: readonly string[], missing: readonly string[]) {
  try {
    return missing.includes("node") ? { report: null, exit: 1 } : await runVitest(args);
  } finally {
    await stopParts(parts, say);
  }
}

async function runVitest(args: readonly string[]): Promise<{ report: Report | null; exit: number | null }> {
  const folder = await mkdtemp(join(tmpdir(), "lastgood-test-"));
  const file = join(folder, "report.json");
  const vitest = join(root, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  try {
    const ended = await runNode([vitest, "run", ...reporters, ...args], limits, (text) =>
      process.stdout.write(text),
    );
    if (ended.timedOut) say(`the tests took longer than ${limits.ms / 60_000} minutes and were ended`);
    return { report: await readReport(file), exit: ended.exit };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readReport(file: string): Promise<Report | null> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Report;
  } catch (error) {
    say(`vitest left no report: ${(error as Error).message}`);
    return null;
  }
}

/** Nothing is skipped in silence. */
function tellSkipped(report: Report | null, { ci, narrowed }: Circumstances): void {
  const skipped = skippedIn(report);
  if (narrowed || skipped.length === 0) return;
  say(ci ? "skipped, which counts as failed here (CI=true):" : "skipped:");
  for (const name of skipped.slice(0, shownSkipped)) say(`  ${name}`);
  if (skipped.length > shownSkipped) say(`  and ${skipped.length - shownSkipped} more`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) process.exitCode = await runTests(process.argv.slice(2));
