import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";

/** The smallest run still counts millions of updates; a busy machine may take its time. */
const patienceMs = 120_000;
const runner = join(import.meta.dirname, "../../bench/index.ts");

function bench(...args: readonly string[]) {
  return spawnSync(process.execPath, [runner, ...args], { encoding: "utf8", timeout: patienceMs });
}

test("without a name the benches are listed with the time they take", () => {
  const { status, stdout } = bench();
  expect(status).toBe(0);
  expect(stdout).toMatch(/^detection {2}\(about .*\)$/m);
});

test("with --json it prints one document of the agreed shape and nothing else", {
  timeout: patienceMs,
}, () => {
  const { status, stdout, stderr } = bench(
    "detection",
    "--json",
    "--runs",
    "10",
    "--deploys",
    "10",
    "--peers",
    "2",
  );
  expect(status).toBe(0);
  const document = JSON.parse(stdout);
  expect(document).toMatchObject({
    bench: "detection",
    options: { seed: 1, runs: 10, deploys: 10, peers: 2 },
  });
  for (const result of document.results) {
    expect(result).toMatchObject({
      case: expect.any(String),
      metric: expect.any(String),
      unit: expect.any(String),
    });
    expect(Object.keys(result.product)).toEqual(expect.arrayContaining(["median", "p99", "min", "max", "n"]));
    expect(result.met === null).toBe(result.target === null);
  }
  expect(stderr).toMatch(/^seed 1:/m);
});

test.each([
  [["nothing"], /no bench "nothing"; there are: detection/],
  [["toString"], /no bench/],
  [["detection", "--fast"], /"--fast" is not an option here/],
  [["detection", "--runs", "many"], /--runs needs a number/],
])("a mistake is told and nothing runs: %j", (args, message) => {
  const { status, stderr, stdout } = bench(...args);
  expect(status).toBe(2);
  expect(stderr).toMatch(message);
  expect(stdout).toBe("");
});
