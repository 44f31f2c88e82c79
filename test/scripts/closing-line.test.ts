// `npm test` as a whole: the last line, the exit code, and arguments that reach vitest.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..", "..");
const limitMs = 120_000;

async function npmTest(args: readonly string[]): Promise<{ code: number | null; lines: readonly string[] }> {
  // The variables of the vitest that runs this would change the one inside.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST")));
  // Parts that it starts may be in use by other tests of this run when it ends.
  const own = { CI: "", LASTGOOD_PARTS: "keep" };
  const child = spawn(process.execPath, ["scripts/test.ts", ...args], { cwd: root, env: { ...env, ...own } });
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, lines: output.trimEnd().split("\n") };
}

test("it ends with the count, on a line of its own", { timeout: limitMs }, async () => {
  const { code, lines } = await npmTest(["test/scripts/parts.test.ts"]);
  expect(lines.at(-1)).toBe("9 passed, 0 failed, 0 skipped");
  expect(code).toBe(0);
});

test("arguments reach vitest, and nothing passed is a failure", { timeout: limitMs }, async () => {
  const narrowed = await npmTest(["test/scripts/parts.test.ts", "-t", "twice"]);
  expect(narrowed.lines.at(-1)).toBe("1 passed, 0 failed, 8 skipped");
  const none = await npmTest(["test/scripts/parts.test.ts", "-t", "no test is called so"]);
  expect(none.lines.at(-1)).toMatch(/^0 passed, \d+ failed, 9 skipped$/);
  expect(none.code).toBe(1);
});
