// A real server that archives its WAL by pgBackRest, with a shop in it, beside another database that is nobody's business.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ownEnv, run } from "../../../../scripts/parts/run.ts";
import {
  type ArchiveConfig,
  withPointInTime,
} from "../../../../src/drivers/database/pgbackrest/pgbackrest.ts";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { bedFolder, type Later } from "../../../parts/bed.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, type Site } from "../postgres/site.ts";

export type ArchiveBed = {
  readonly server: PostgresBed;
  readonly folder: string;
  readonly config: ArchiveConfig;
  /** While this file is there, archive_command fails. */
  readonly stop: string;
  /** While this file is there, archive_command says yes and does nothing. */
  readonly lie: string;
};

const stanza = "shop";

/** No stanza is made yet. */
export async function archiveBed(later: Later): Promise<ArchiveBed> {
  const folder = await bedFolder("pgbackrest", later, 0o755);
  const [stop, lie] = [join(folder, "stop"), join(folder, "lie")];
  const configFile = join(folder, "pgbackrest.conf");
  const push = `pgbackrest --config=${configFile} --stanza=${stanza} archive-push %p`;
  const server = await postgresBed(
    {
      archive_mode: "on",
      archive_command: `test ! -e ${stop} && { test -e ${lie} || ${push}; }`,
      max_prepared_transactions: "5",
    },
    later,
  );
  const places = ["repo", "log", "lock", "spool", "scratch"].map((name) => join(folder, name));
  const ownership = process.geteuid?.() === 0 ? ["-o", "postgres", "-g", "postgres"] : [];
  await run(["install", "-d", "-m", "700", ...ownership, ...places]);
  const [repo, log, lock, spool, scratch = ""] = places;
  const lines = [
    "[global]",
    `repo1-path=${repo}`,
    "repo1-retention-full=2",
    `log-path=${log}`,
    `lock-path=${lock}`,
    `spool-path=${spool}`,
    "start-fast=y",
    "compress-type=lz4",
    `[${stanza}]`,
    `pg1-path=${server.dataFolder}`,
    `pg1-port=${server.port}`,
    `pg1-socket-path=${server.socketFolder}`,
  ];
  await writeFile(configFile, `${lines.join("\n")}\n`, { mode: 0o644 });
  const config = {
    ...{ stanza, configFile, user: "postgres", scratch },
    archiveWithinMs: 60_000,
    fullEveryMs: 7 * 86_400_000,
    diffEveryMs: 86_400_000,
  };
  return { server, folder, config, stop, lie };
}

type ArchivedShop = Omit<ReturnType<typeof openShop>, "sql"> & Pick<Site, "sql" | "config" | "deps">;

/** Ten orders in it. Its role may name points. */
export async function archivedShop(bed: ArchiveBed): Promise<ArchivedShop> {
  const site = await makeSite(bed.server);
  await site.sql(`CREATE TABLE orders(id bigserial PRIMARY KEY, body text NOT NULL);
    INSERT INTO orders(body) SELECT 'order ' || g FROM generate_series(1, 10) g`);
  const role = site.database.replace("shop", "app");
  await bed.server.psql(
    `GRANT EXECUTE ON FUNCTION pg_create_restore_point(text), pg_switch_wal() TO ${role}`,
  );
  return { ...openShop(bed, site), sql: site.sql, config: site.config, deps: site.deps };
}

export function openShop(
  bed: Pick<ArchiveBed, "config">,
  site: Pick<Site, "config" | "deps">,
  change: Partial<ArchiveConfig> = {},
) {
  const opened = good(postgresWithCare(site.config, site.deps));
  const deps = { processes: localProcesses(), env: ownEnv() };
  return { ...opened, ...withPointInTime(opened, { ...bed.config, ...change }, deps) };
}

export async function orders(site: Pick<Site, "sql">): Promise<string> {
  return site.sql("SELECT count(*) FROM orders");
}

/** Every file of the archive with its digest. */
export async function archiveContent({ folder }: ArchiveBed): Promise<string> {
  const files = await run([
    "find",
    join(folder, "repo", "archive"),
    "-type",
    "f",
    "-exec",
    "sha256sum",
    "{}",
    "+",
  ]);
  return files.split("\n").sort().join("\n");
}
