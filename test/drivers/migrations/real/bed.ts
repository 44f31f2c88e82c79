// An app's folder with a real migration program beside it, on a database of its own.
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { tryRun } from "../../../../scripts/parts/run.ts";
import type { Tool } from "../../../../src/core/migrations/status.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";
import { type Files, migrationBed } from "../bed.ts";

export type Ran = { readonly code: number | null; readonly said: string };

const programMs = 120_000;

/** `program` runs a file of the packages by this node, in the app's folder, with the app's own DATABASE_URL. */
export async function toolBed(
  server: PostgresBed,
  { tool, modules, table = null }: { tool: Tool; modules: string; table?: string | null },
  files: Files = {},
) {
  const bed = await migrationBed(server, tool, { table, files });
  const app = dirname(bed.folder);
  await symlink(modules, join(app, "node_modules"));
  const put = async (path: string, text: string, mode = 0o644) => {
    await mkdir(dirname(join(app, path)), { recursive: true });
    await writeFile(join(app, path), text, { mode });
  };
  const env = {
    PATH: process.env["PATH"] ?? "",
    HOME: app,
    CI: "1",
    NO_COLOR: "1",
    DATABASE_URL: bed.config.url.reveal(),
    CHECKPOINT_DISABLE: "1", // Prisma's question for newer versions
  };
  const program = async (
    file: string,
    args: readonly string[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<Ran> => {
    const argv = [process.execPath, resolve(modules, file), ...args] as [string, ...string[]];
    const ended = await tryRun(argv, { cwd: app, env: { ...env, ...more }, timeoutMs: programMs });
    if (ended === null) throw new Error(`${file} could not be started`);
    return { code: ended.exitCode, said: `${ended.stdout}\n${ended.stderr}` };
  };
  return { ...bed, app, put, program };
}

/** Throws with all that it said. */
export function fine({ code, said }: Ran): string {
  if (code !== 0) throw new Error(`it ended with ${code}: ${said}`);
  return said;
}
