// Tests that need a real part: skipped by name where it is missing. With CI=true scripts/count.ts counts that as failed.
//
//   const withDocker = await describeWith("docker");
//   withDocker("a compose project", () => { test("…", async () => { const bed = await docker(); … }) });
//
// Names are those of scripts/parts/table.ts. Packages are only ever installed by `npm test`.
import { describe } from "vitest";
import { startEngine } from "../../scripts/parts/engine.ts";
import { parts } from "../../scripts/parts/table.ts";

const reasons = new Map<string, Promise<string | null>>();

/** `describe`, or its skipped twin where one of the parts is missing; the title says what is needed. */
export async function describeWith(
  ...names: readonly string[]
): Promise<(title: string, tests: () => void) => void> {
  const there = await has(...names);
  return (title, tests) => describe.runIf(there)(`${title} (needs ${names.join(", ")})`, tests);
}

/** Are all of these parts there? Says once why one is not. Docker is started by this. */
export async function has(...names: readonly string[]): Promise<boolean> {
  const missing = await Promise.all(names.map(whyMissing));
  return missing.every((reason) => reason === null);
}

async function whyMissing(name: string): Promise<string | null> {
  const known = reasons.get(name) ?? look(name);
  if (!reasons.has(name)) {
    reasons.set(name, known);
    const reason = await known;
    if (reason !== null) console.warn(`tests that need ${name} are skipped: ${reason}`);
  }
  return await known;
}

async function look(name: string): Promise<string | null> {
  const part = parts.find((candidate) => candidate.name === name);
  if (part === undefined) throw new Error(`${name} is no part: see scripts/parts/table.ts`);
  if ((await part.isInstalled?.()) === false)
    return `apt-get install ${(part.packages ?? []).join(" ")}, or run npm test as root on Debian`;
  if (name === "docker") return (await startEngine()) === null ? "no private engine can run here" : null;
  const looked = await part.start();
  return looked.there ? null : looked.how;
}
