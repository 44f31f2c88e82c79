// Writes a version into a build context, as a checkout of its commit would have it.
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Bed } from "./bed.ts";
import { examples } from "./places.ts";
import { stackVersion } from "./versions.ts";

/** `contexts`: folders of build contexts. `migrations`: one of them, and the file of a migration by its name. */
export async function writeVersion(
  dir: string,
  name: string,
  contexts: readonly string[],
  migrations: { readonly from: string; readonly at: string; readonly file: (name: string) => string },
): Promise<void> {
  const { does, faults, migration } = await stackVersion(name);
  for (const context of contexts) {
    await writeFile(join(dir, context, "release.json"), json({ name, does }));
    await writeFile(join(dir, context, "faults.json"), json(faults));
  }
  const folder = join(dir, migrations.at);
  await rm(folder, { recursive: true, force: true });
  await cp(join(examples, migrations.from, migrations.at), folder, { recursive: true });
  if (migration === undefined) return;
  const file = join(folder, migrations.file(migration.name));
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, migration.sql);
}

/** The folder as a git checkout: a commit for each version, tagged with its name the first time. */
export async function commit(bed: Bed, version: string): Promise<void> {
  const who = [
    "-c",
    "user.name=A developer",
    "-c",
    "user.email=dev@example.com",
    "-c",
    "commit.gpgsign=false",
  ];
  await bed.run(["git", "init", "--quiet", "--initial-branch", "main"]);
  await bed.run(["git", "add", "--all"]);
  await bed.run(["git", ...who, "commit", "--quiet", "--allow-empty", "-m", `Version ${version}`]);
  const tags = await bed.run(["git", "tag", "--list", version]);
  if (tags.trim() === "") await bed.run(["git", "tag", version]);
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
