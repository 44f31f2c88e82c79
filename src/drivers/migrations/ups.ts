// What the migrations of a folder do, as their tools would send it to the server.
import { join } from "node:path";
import { sha256 } from "../../core/digest.ts";
import { upSection } from "../../core/migrations/sql-text.ts";
import type { Applied } from "../../core/migrations/status.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import type { SqlSession } from "../../ports/sql.ts";
import type { MigrationsConfig } from "./config.ts";
import { calledIn, downText, journalEntries, sqlFolder, textOf } from "./folders.ts";

export type Up = {
  readonly name: string;
  /** sha256 of its file. */
  readonly digest: string;
  /** Sent one after the other. */
  readonly parts: readonly string[];
  /** The tool sends them in one transaction: what one adds to an enum, the next can't use. */
  readonly together: boolean;
  /** What its author wrote for the way down; null where nothing. */
  readonly written: string | null;
};

/** Of the names, in the order in which they are applied. Only of tools whose migrations are SQL. */
export async function readUps(
  files: Files,
  config: MigrationsConfig,
  applied: readonly Applied[],
  names: readonly string[],
): Promise<Result<readonly Up[]>> {
  const listed = await pathsOf(files, config, applied);
  if (!listed.ok) return listed;
  const ups: Up[] = [];
  for (const { name, path, written } of listed.value.filter((one) => names.includes(one.name))) {
    const text = await textOf(files, join(config.folder, path));
    if (!text.ok) return text;
    if (text.value === null)
      return problem("missing", `${name} has no ${path}`, "look into migrations.folder of lastgood.yml");
    ups.push({
      name,
      digest: sha256(text.value),
      parts: partsOf(config, text.value),
      together: config.tool === "drizzle",
      written,
    });
  }
  return ok(ups);
}

type Listed = { readonly name: string; readonly path: string; readonly written: string | null };

async function pathsOf(
  files: Files,
  { tool, folder }: MigrationsConfig,
  applied: readonly Applied[],
): Promise<Result<readonly Listed[]>> {
  if (tool === "prisma") {
    const names = await files.list(folder);
    if (!names.ok) return names;
    return ok(names.value.map((name) => ({ name, path: `${name}/migration.sql`, written: null })));
  }
  if (tool === "drizzle") {
    const journal = await textOf(files, join(folder, "meta", "_journal.json"));
    if (!journal.ok) return journal;
    const entries = journalEntries(journal.value ?? "") ?? [];
    return ok(entries.map(({ when, tag }) => ({ name: String(when), path: `${tag}.sql`, written: null })));
  }
  const plain = await sqlFolder(files, folder);
  if (!plain.ok) return plain;
  const listed: Listed[] = [];
  for (const file of plain.value) {
    const written = await downText(files, folder, file);
    if (!written.ok) return written;
    listed.push({ name: calledIn(applied, file), path: file.up, written: written.value });
  }
  return ok(listed);
}

function partsOf({ tool }: MigrationsConfig, text: string): readonly string[] {
  if (tool === "drizzle") return text.split("--> statement-breakpoint").filter((part) => part.trim() !== "");
  return [tool === "sql" ? upSection(text) : text];
}

/** As far as it goes: what a failing one leaves is as the tool would leave it. */
export async function runUp(session: SqlSession, { parts, together }: Up): Promise<Result<void>> {
  for (const part of together ? ["BEGIN", ...parts, "COMMIT"] : parts) {
    const ran = await session.query(part);
    if (ran.ok) continue;
    await session.query("ROLLBACK"); // of a BEGIN of its own
    return ran;
  }
  return ok(undefined);
}
