// A folder with a team's files in it, and what init makes of it without docker.
import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { planInit } from "../../../src/app/init/init.ts";
import type { Looking } from "../../../src/app/init/looking.ts";
import { loadConfig } from "../../../src/config/load.ts";
import { problem } from "../../../src/core/result.ts";
import { localFiles } from "../../../src/os/files.ts";
import type { Host } from "../../../src/ports/host.ts";

export const files = localFiles();

/** A machine on which no program is installed. */
export const bare: Host = {
  name: "bare",
  run: async ({ argv: [program] }) => problem("missing", `there is no program ${program}`, "install it"),
};

/** `etc` is empty where nothing else is said: the machine that runs the tests has no say. */
export function looking(folder: string, more: Partial<Looking> = {}): Looking {
  return { files, host: bare, folder, etc: join(folder, "no-etc"), ...more };
}

export function write(folder: string, texts: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(texts)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** The example as it lies on the team's machine: with its env file. */
export function layExample(root: string, kind: "hummii" | "hibachi"): string {
  const folder = join(root, kind);
  cpSync(join(import.meta.dirname, "../../../examples", kind), folder, { recursive: true });
  const env = kind === "hummii" ? ".env.production" : ".env";
  cpSync(join(folder, `${env}.example`), join(folder, env));
  return folder;
}

export async function planned(folder: string, more: Partial<Looking> = {}) {
  const plan = await planInit(looking(folder, more), "lastgood.yml");
  if (!plan.ok) throw new Error(plan.error.what);
  const text = plan.value.changes.find(({ path }) => path === "lastgood.yml")?.text ?? "";
  const config = loadConfig(text, "lastgood.yml");
  if (!config.ok) throw new Error(`${text}\n${JSON.stringify(config.error, null, 2)}`);
  const production = config.value.environments["production"];
  if (!production?.stack || production.stack.runtime !== "compose") throw new Error("no compose stack");
  return { ...plan.value, text, config: config.value, production, stack: production.stack };
}
