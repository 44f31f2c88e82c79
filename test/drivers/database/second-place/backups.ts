// Backups as drivers make them: files in a folder, the manifest last.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";
import type { Result } from "../../../../src/core/result.ts";
import type { BackupFile } from "../../../../src/ports/backup-care.ts";
import type { Backup } from "../../../../src/ports/database.ts";

export type Made = {
  readonly backup: Backup;
  readonly files: readonly BackupFile[];
  readonly content: ReadonlyMap<string, Buffer>;
};

/** More than one piece, and not a whole number of them. */
export const largeBytes = 2 * 8 * 1024 * 1024 + 12_345;

export async function folderFor(name: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), `lastgood-${name}-`));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** `at` orders them. */
export async function makeBackup(id: string, at: number, large = 100): Promise<Made> {
  const folder = await folderFor("backup");
  const content = new Map<string, Buffer>([
    [`${id}/toc.dat`, randomBytes(large)],
    [`${id}/3456.dat.gz+sealed`, randomBytes(3_000)],
    [`${id}/empty.dat`, Buffer.alloc(0)],
    [`${id}.manifest.json`, Buffer.from(JSON.stringify({ id }))],
  ]);
  for (const [name, bytes] of content) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  const bytes = [...content.values()].reduce((sum, one) => sum + one.length, 0);
  const sha256 = createHash("sha256").update(id).digest("hex");
  const backup: Backup = { id, op: "op-1", at, bytes, sha256, rows: { orders: 3, "other.things": 4 } };
  return { backup, files: [...content.keys()].map((name) => ({ name, path: join(folder, name) })), content };
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}
