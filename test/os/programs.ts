// Tiny real programs for tests, and a guard that ends what a test started.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";

/** Write a program into a folder; returns the argv that runs it. */
export async function program(folder: string, name: string, code: string): Promise<[string, string]> {
  const path = join(folder, `${name}.mjs`);
  await writeFile(path, code);
  return [process.execPath, path];
}

/** After the test, end every process that still has this in its environment. */
export function endLater(name: string, value: string): void {
  const processes = localProcesses();
  onTestFinished(async () => {
    for (const ref of await processes.find(name, value)) processes.signal(ref, "SIGKILL");
  });
}

/** Look again and again until it holds; the test's own timeout is the bound. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}

export function gone(ref: ProcessRef): boolean {
  return !localProcesses().alive(ref);
}
