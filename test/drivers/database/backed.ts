// A database with ten rows backed up and twenty now, and what a test wants to know of its folder.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { expect } from "vitest";
import { good, makeSite, op, type Site, sql, value } from "./bed.ts";

const sidecars = ["-wal", "-shm", "-journal"];

export type Backed = Site & { readonly backup: string };

/** Ten rows backed up, twenty now. */
export async function backedUp(journal = "wal"): Promise<Backed> {
  const site = await makeSite();
  const add =
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) INSERT INTO t SELECT i FROM n";
  sql(site.file, `PRAGMA journal_mode=${journal}; CREATE TABLE t(a); CREATE INDEX by_a ON t(a); ${add}`);
  const backup = good(await site.open().backUp(op("backup"), "nightly")).id;
  sql(site.file, add);
  return { ...site, backup };
}

/** A driver that can't see who has a file open. */
export function blind(site: Site) {
  const { openedBy: _, ...rest } = site.deps;
  return site.openWith(rest);
}

export function rows(site: Site): unknown {
  expect(value(site.file, "PRAGMA integrity_check")).toBe("ok");
  return value(site.file, "SELECT count(*) FROM t");
}

export function left(site: Site): readonly string[] {
  return readdirSync(site.folder).filter((name) =>
    sidecars.some((end) => name === `${basename(site.file)}${end}`),
  );
}

/** Names, owners and content of all files, but for the shared memory of SQLite, which is a cache. */
export function everything(site: Site) {
  return readdirSync(site.folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith("-shm"))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort()
    .map((path) => ({
      path,
      mode: statSync(path).mode,
      uid: statSync(path).uid,
      bytes: readFileSync(path, "hex"),
    }));
}
