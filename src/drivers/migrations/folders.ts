// What a folder of migrations has in it, as its tool reads it.
import { join } from "node:path";
import { sha256 } from "../../core/digest.ts";
import { downSection, isEmptySql, type SqlFile, sqlFiles } from "../../core/migrations/sql-text.ts";
import type { Applied, Shipped } from "../../core/migrations/status.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { MigrationsConfig } from "./config.ts";

/** `applied`: how the database calls those that are there; plain SQL is named in many ways. */
export async function readFolder(
  files: Files,
  { tool, folder }: MigrationsConfig,
  applied: readonly Applied[],
): Promise<Result<readonly Shipped[]>> {
  const there = await files.stat(folder);
  if (!there.ok) return there;
  if (there.value?.type !== "directory")
    return problem(
      "missing",
      `there is no folder ${folder}`,
      "mend migrations.folder in lastgood.yml",
      folder,
    );
  if (tool === "prisma") return prisma(files, folder);
  if (tool === "drizzle") return drizzle(files, folder);
  if (tool === "sql") return plain(files, folder, applied);
  const names = await files.list(folder);
  if (!names.ok) return names;
  const programs = names.value.filter((name) => /\.(c|m)?(js|ts)$/.test(name) && !name.endsWith(".d.ts"));
  const own = tool === "knex" ? programs : nodePgMigrate(names.value, programs, applied);
  return ok(own.map((name) => ({ name, digest: null, down: true })));
}

/** Without endings. A pair of `x.up.sql` and `x.down.sql` is one migration, which its older way of reading calls `x.up`. */
function nodePgMigrate(
  files: readonly string[],
  programs: readonly string[],
  applied: readonly Applied[],
): readonly string[] {
  const known = new Set(applied.map(({ name }) => name));
  const all = files.filter((file) => programs.includes(file) || file.endsWith(".sql"));
  return all
    .filter((file) => !file.endsWith(".down.sql"))
    .map((file) => file.replace(/\.[a-z]+$/, ""))
    .map((name) => (known.has(name) ? name : name.replace(/\.up$/, "")));
}

/** One folder each, with `migration.sql`; its sha256 is what Prisma writes down. */
async function prisma(files: Files, folder: string): Promise<Result<readonly Shipped[]>> {
  const names = await files.list(folder);
  if (!names.ok) return names;
  const found: Shipped[] = [];
  for (const name of names.value) {
    const text = await textOf(files, join(folder, name, "migration.sql"));
    if (!text.ok) return text;
    if (text.value !== null) found.push({ name, digest: sha256(text.value), down: false });
  }
  return ok(found);
}

/** The journal names them; the time of each is what Drizzle writes down, and the sha256 of its file. */
async function drizzle(files: Files, folder: string): Promise<Result<readonly Shipped[]>> {
  const journal = await textOf(files, join(folder, "meta", "_journal.json"));
  if (!journal.ok) return journal;
  const entries = journalEntries(journal.value ?? "");
  if (entries === null)
    return problem(
      "missing",
      `${folder} has no journal of Drizzle`,
      "mend migrations.folder in lastgood.yml",
      folder,
    );
  const found: Shipped[] = [];
  for (const { when, tag } of entries) {
    const text = await textOf(files, join(folder, `${tag}.sql`));
    if (!text.ok) return text;
    found.push({ name: String(when), digest: text.value === null ? null : sha256(text.value), down: false });
  }
  return ok(found);
}

export function journalEntries(
  text: string,
): readonly { readonly when: number; readonly tag: string }[] | null {
  try {
    const { entries } = JSON.parse(text) as { readonly entries?: unknown };
    if (!Array.isArray(entries)) return null;
    return entries.filter((one) => typeof one?.when === "number" && typeof one.tag === "string");
  } catch {
    return null;
  }
}

async function plain(
  files: Files,
  folder: string,
  applied: readonly Applied[],
): Promise<Result<readonly Shipped[]>> {
  const listed = await sqlFolder(files, folder);
  if (!listed.ok) return listed;
  const found: Shipped[] = [];
  for (const file of listed.value) {
    const down = await downText(files, folder, file);
    if (!down.ok) return down;
    found.push({ name: calledIn(applied, file), digest: null, down: down.value !== null });
  }
  return ok(found);
}

export async function sqlFolder(files: Files, folder: string): Promise<Result<readonly SqlFile[]>> {
  const names = await files.list(folder);
  if (!names.ok) return names;
  const paths: string[] = [];
  for (const name of names.value) {
    if (name.endsWith(".sql")) paths.push(name);
    const inside = name.includes(".") ? ok([]) : await files.list(join(folder, name));
    if (!inside.ok) continue; // a file without an ending
    paths.push(...inside.value.map((one) => `${name}/${one}`));
  }
  return ok(sqlFiles(paths));
}

/** Null where nobody wrote one. */
export async function downText(files: Files, folder: string, file: SqlFile): Promise<Result<string | null>> {
  const text = await textOf(files, join(folder, file.down ?? file.up));
  if (!text.ok || text.value === null) return text;
  const down = file.down === null ? downSection(text.value) : text.value;
  return ok(down === null || isEmptySql(down) ? null : down);
}

/** The whole name, the file's name, or the number at the front: as the app's own runner writes it. */
export function calledIn(applied: readonly Applied[], { name, up }: SqlFile): string {
  const file = up.split("/").at(-1) ?? up;
  const number = /^\d+/.exec(name)?.[0];
  const names = new Set(applied.map((one) => one.name));
  const plainNumber = number === undefined ? undefined : String(BigInt(number));
  return [name, up, file, number, plainNumber].find((one) => one !== undefined && names.has(one)) ?? name;
}

export async function textOf(files: Files, path: string): Promise<Result<string | null>> {
  const read = await files.read(path);
  if (read.ok) return ok(read.value.toString("utf8"));
  return read.error.code === "missing" ? ok(null) : read;
}
