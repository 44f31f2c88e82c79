// A database of an app with a migration tool: folders as the tools ship them, tables as they write them.
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Tool } from "../../../src/core/migrations/status.ts";
import { copies } from "../../../src/drivers/database/postgres/copy.ts";
import { migrations } from "../../../src/drivers/migrations/migrations.ts";
import { localFiles } from "../../../src/os/files.ts";
import { tempFolder } from "../../os/temp-folder.ts";
import type { PostgresBed } from "../../parts/postgres.ts";
import { good, makeSite } from "../database/postgres/site.ts";

export const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");

export type Files = Readonly<Record<string, string>>;

export async function migrationBed(
  server: PostgresBed,
  tool: Tool,
  { sql = "", files = {}, table = null }: { sql?: string; files?: Files; table?: string | null },
) {
  const site = await makeSite(server);
  if (sql !== "") await site.sql(sql);
  const root = await tempFolder();
  const folder = join(root, "migrations");
  await mkdir(folder);
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  const context = site.context();
  const kept = join(root, "state", "migrations");
  const deps = { sql: context.app, files: localFiles(), clock: context.clock, copy: copies(context) };
  return { ...site, folder, kept, write, driver: migrations({ tool, folder, table, kept }, deps) };
}

export const prismaTable = `CREATE TABLE _prisma_migrations(id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL,
  finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);`;

export const drizzleTable = `CREATE SCHEMA drizzle;
  CREATE TABLE drizzle.__drizzle_migrations(id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);`;

type Bed = Awaited<ReturnType<typeof migrationBed>>;

/** As `prisma migrate deploy` does it: the row first, the script whole, then the row's end. */
export async function prismaDeploy(bed: Bed, name: string, text: string): Promise<void> {
  await bed.sql(
    `INSERT INTO _prisma_migrations(id, checksum, migration_name) VALUES (gen_random_uuid()::text, '${sha256(text)}', '${name}')`,
  );
  await whole(bed, text);
  await bed.sql(
    `UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE migration_name = '${name}' AND rolled_back_at IS NULL`,
  );
}

/** In one message, as a driver sends it: the server makes one transaction of it. */
export async function whole(bed: Bed, text: string): Promise<void> {
  const session = good(await bed.context().app.connect());
  const ran = await session.query(text);
  await session.close();
  good(ran);
}
