// What every part of the PostgreSQL driver is given.
import type { Retention } from "../../../core/backups/retention.ts";
import type { Result } from "../../../core/result.ts";
import type { MigrationWindow } from "../../../core/salvage/window.ts";
import type { Secret } from "../../../core/secret.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { FileSwap } from "../../../ports/database.ts";
import type { DigestTree } from "../../../ports/digest.ts";
import type { Files } from "../../../ports/files.ts";
import type { Finished, Host } from "../../../ports/host.ts";
import type { Tell } from "../../../ports/progress.ts";
import type { Seal } from "../../../ports/seal.ts";
import type { OpenSql, SqlClient } from "../../../ports/sql.ts";
import type { Unpack } from "../../../ports/unpack.ts";
import type { Docker } from "../../docker/cli.ts";
import type { RestoreOptions } from "./restore/options.ts";

export type PostgresConfig = {
  /** The app's own URL: `postgres://user:password@host:port/database`. */
  readonly url: Secret;
  /** A role that may create, rename and drop databases, where the app's may not; null: the app's own. */
  readonly adminUrl: Secret | null;
  /** Name or id of the container that the server runs in; null where it runs on a host. */
  readonly container: string | null;
  /** Absolute path of a folder for the backups of this database alone. */
  readonly backupDir: string;
  /** How many backups stay, and apart from them how many databases that a restore replaced. At least 1. */
  readonly keep: number;
  /** Of backups, beside the newest ones: one of each of so many days, weeks and months. */
  readonly also?: Omit<Retention, "newest">;
  /** Opens backups that `openssl enc` closed; null where there are none. */
  readonly unpackPassword?: Secret | null;
  /** Absolute path of the key that backups are encrypted with; null where they are not. */
  readonly encryptionKeyFile?: string | null;
  /** Template copies beside the dumps; null or left out: none. `withinMs`: what one may take while requests wait. */
  readonly copies?: { readonly withinMs: number; readonly keep: number } | null;
  /** Absolute path of the folder for clones of the whole server, on its own file system; null or left out: none are taken. */
  readonly clones?: string | null;
  /** Where restores, and the drills that measure them, are not done as usual. */
  readonly restore?: Partial<RestoreOptions>;
};

export type PostgresDeps = {
  readonly sql: OpenSql;
  /** The machine that the tools and docker run on. */
  readonly host: Host;
  /** Null where no docker is set up; then `config.container` is null too. */
  readonly docker: Docker | null;
  readonly files: Files;
  /** Renames and syncs in the folder of backups. */
  readonly swap: Pick<FileSwap, "rename" | "sync">;
  readonly digest: DigestTree;
  /** For backups of others. */
  readonly unpack: Unpack;
  /** Without it `encryptionKeyFile` is refused. */
  readonly seal?: Seal;
  readonly clock: Clock;
  /** Told while long acts last. */
  readonly tell?: Tell;
  /** Without it backups name no release, and rows that migrations wrote are taken for users'. */
  readonly past?: Past;
};

/** What the journal knows of this database. */
export type Past = {
  /** The release that serves, whose data it is; null where none does. Images by service, where it has any. */
  release(): { readonly id: string; readonly images: Readonly<Record<string, string>> } | null;
  /** When migrations ran on it. */
  migrated(): readonly MigrationWindow[];
};

export type Context = PostgresDeps & {
  readonly config: PostgresConfig;
  /** Name of the live database, from the URL. */
  readonly database: string;
  /** As the app's role. `connect()` leads to the live database, whatever the server's address is today. */
  readonly app: SqlClient;
  /** As the role that may create and rename; the app's own where the config has no other. */
  readonly admin: SqlClient;
  readonly tools: Tools;
  /** Paths that we are using now: what looks like a leftover of a crash, and is none. */
  readonly working: Set<string>;
};

export type ToolName = "pg_dump" | "pg_dumpall" | "pg_restore" | "psql" | "pg_amcheck";

export type ToolCall = {
  readonly args: readonly string[];
  readonly database: string;
  readonly as: "app" | "admin";
  readonly effect: "read" | "write";
  readonly op: string | null;
  readonly timeoutMs: number;
  /** A folder of this machine that the program reads or writes; the same path where it runs in a container. */
  readonly folder?: string;
  readonly stdin?: string;
};

/** The client programs that fit the server: on this machine, or out of the database's own image. */
export interface Tools {
  /** Any end is ok, look at `exitCode`. `missing` or `refused` where no program fits, with what was found and where. */
  run(tool: ToolName, call: ToolCall, signal?: AbortSignal): Promise<Result<Finished>>;
  /** Version of the programs, e.g. `15.18`, and where they were found. */
  version(): Promise<Result<{ readonly version: string; readonly where: string }>>;
}
