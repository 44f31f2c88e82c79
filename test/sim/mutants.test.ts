// The simulated world is only worth its time if it kills wrong executors. Each mutant runs in a process of its own,
// on a copy of the source with one edit.
import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { type Mutant, mutants } from "./mutants.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
// Inside the repository, so that the copies find node_modules.
const cage = join(root, ".cache", `mutants-${process.pid}`);
const limitMs = 180_000;

afterAll(() => rmSync(cage, { recursive: true, force: true }));

test(
  "the executor as it is survives the hunt",
  async () => {
    expect(await hunted(cageOf("none"))).toMatchObject({ verdict: "survived" });
  },
  limitMs * 2,
);

test.each(mutants.map((mutant, index) => ({ ...mutant, index })))(
  "dies: $name",
  async (mutant) => {
    const place = cageOf(`m${mutant.index}`);
    mutate(join(place, mutant.file), mutant);
    const { verdict, detail } = await hunted(place);
    expect({ verdict, detail }).toEqual({ verdict: "killed", detail });
  },
  limitMs * 2,
);

test("there are at least 12 mutants", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(12);
});

function cageOf(name: string): string {
  const place = join(cage, name);
  mkdirSync(place, { recursive: true });
  for (const room of ["core", "ports", "engine", "steps", "testing"]) {
    cpSync(join(root, "src", room), join(place, room), { recursive: true });
  }
  return place;
}

function mutate(file: string, { from, to, name }: Mutant): void {
  const source = readFileSync(file, "utf8");
  const parts = source.split(from);
  if (parts.length !== 2)
    throw new Error(`the place of mutant "${name}" stands ${parts.length - 1} times in ${file}`);
  writeFileSync(file, parts.join(to));
}

const script = `
  const { hunt } = await import(process.argv[1]);
  const found = await hunt();
  console.log(JSON.stringify({ scenarios: found.scenarios, first: found.findings[0] ?? null }));
`;

type Hunted = { readonly verdict: "killed" | "survived" | "broken"; readonly detail: string };

/** Killed: a law was broken, a bug was noticed, or it never ended. Broken: the edit does not even run. */
function hunted(place: string): Promise<Hunted> {
  return new Promise((resolve) => {
    const args = ["--input-type=module", "-e", script, join(place, "testing", "sim", "hunt.ts")];
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    const timer = setTimeout(() => child.kill("SIGKILL"), limitMs);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      // 13: node's word for a promise that can never settle.
      if (signal === "SIGKILL" || code === 13) resolve({ verdict: "killed", detail: "it never ended" });
      else if (code === 0) resolve(verdictOf(out));
      else
        resolve({
          verdict: /\bBug\b|JournalStopped/.test(err) ? "killed" : "broken",
          detail: err.slice(-2_000),
        });
    });
  });
}

function verdictOf(out: string): Hunted {
  const { first, scenarios } = JSON.parse(out) as { first: unknown; scenarios: number };
  return {
    verdict: first ? "killed" : "survived",
    detail: `${scenarios} scenarios: ${JSON.stringify(first)}`,
  };
}
