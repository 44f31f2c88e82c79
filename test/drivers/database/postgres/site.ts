// A real server with a database of an app in it, and a context of the driver on that.
import { join } from "node:path";
import type { Result } from "../../../../src/core/result.ts";
import { secret } from "../../../../src/core/secret.ts";
import type {
  Context,
  PostgresConfig,
  PostgresDeps,
} from "../../../../src/drivers/database/postgres/context.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { digestTree } from "../../../../src/os/digest.ts";
import { localHost } from "../../../../src/os/exec.ts";
import { localFiles } from "../../../../src/os/files.ts";
import { fileSwap } from "../../../../src/os/open-files.ts";
import { seal } from "../../../../src/os/seal.ts";
import { openSql } from "../../../../src/os/sql-pg.ts";
import { unpack } from "../../../../src/os/unpack.ts";
import type { Op } from "../../../../src/ports/op.ts";
import { tempFolder } from "../../../os/temp-folder.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";

export type Site = {
  readonly config: PostgresConfig;
  readonly deps: PostgresDeps;
  readonly database: string;
  /** SQL as the app's role, in the live database unless another is named; `server.psql` is the superuser's. */
  readonly sql: (text: string, database?: string) => Promise<string>;
  readonly context: (change?: Partial<PostgresConfig>, deps?: Partial<PostgresDeps>) => Context;
};

let databases = 0;

/** A database of its own in the server, owned by a role `app_N` that may create databases; gone with the server. */
export async function makeSite(server: PostgresBed): Promise<Site> {
  const folder = await tempFolder();
  const number = ++databases;
  const [database, role] = [`shop_${number}`, `app_${number}`];
  await server.psql(`CREATE ROLE ${role} LOGIN CREATEDB PASSWORD 'app-password'`);
  await server.psql(`GRANT pg_signal_backend TO ${role}`);
  await server.psql(`CREATE DATABASE ${database} OWNER ${role}`);
  const clock = systemClock();
  const deps: PostgresDeps = {
    sql: openSql,
    host: localHost({ PATH: process.env["PATH"] ?? "" }, clock),
    docker: null,
    files: localFiles(),
    swap: fileSwap(),
    digest: digestTree,
    unpack,
    seal,
    clock,
  };
  const config: PostgresConfig = {
    url: secret(`postgres://${role}:app-password@127.0.0.1:${server.port}/${database}`),
    adminUrl: null,
    container: null,
    backupDir: join(folder, "backups"),
    keep: 5,
  };
  return {
    config,
    deps,
    database,
    sql: (text, name = database) => server.psql(`SET ROLE ${role}; ${text}`, name),
    context: (change = {}, other = {}) => good(openContext({ ...config, ...change }, { ...deps, ...other })),
  };
}

export function op(name: string, epoch = 1): Op {
  return { id: `op-${name}`, epoch, signal: new AbortController().signal };
}

export function good<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}

export function bad<T>(result: Result<T>) {
  if (result.ok) throw new Error("it was expected to fail");
  return result.error;
}
