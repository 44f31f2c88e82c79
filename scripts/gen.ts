// Writes every generated file: `npm run gen`. With --check it writes nothing, names the stale ones and exits 1.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { cliReference } from "../src/cli/reference.ts";
import { configExample, configJsonSchema, configReference } from "../src/config/generate/pages.ts";

export type Generated = {
  /** Relative to the repository. */
  readonly file: string;
  make(): string | Promise<string>;
};

/** Something new that is generated is one line here. */
export const table: readonly Generated[] = [
  { file: "docs/reference/config.md", make: configReference },
  { file: "docs/reference/lastgood.schema.json", make: configJsonSchema },
  { file: "docs/reference/lastgood.example.yml", make: configExample },
  { file: "docs/reference/cli.md", make: cliReference },
];

/** Files below `root` that are missing or differ from what would be made now. */
export async function stale(root: string, entries: readonly Generated[]): Promise<readonly string[]> {
  const made = await Promise.all(entries.map((entry) => entry.make()));
  return entries.filter(({ file }, i) => read(join(root, file)) !== made[i]).map(({ file }) => file);
}

export async function write(root: string, entries: readonly Generated[]): Promise<void> {
  for (const { file, make } of entries) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), await make());
  }
}

function read(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** Exit code: 1 where --check found stale files. */
export async function main(args: readonly string[], root: string): Promise<number> {
  const old = await stale(root, table);
  if (!args.includes("--check")) {
    await write(root, table);
    console.log(old.length === 0 ? "nothing changed" : `written: ${old.join(", ")}`);
    return 0;
  }
  for (const file of old) console.error(`${file} is stale: npm run gen`);
  return old.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2), join(import.meta.dirname, ".."));
