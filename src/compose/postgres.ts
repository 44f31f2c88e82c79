// From the config's `database: { kind: postgres }` to the driver: the URL out of the app's own env file.
import { dirname } from "node:path";
import type { Environment } from "../config/schema.ts";
import type { Retention } from "../core/backups/retention.ts";
import { parseDatabaseUrl } from "../core/database-url.ts";
import { copyWithinMs } from "../core/plan/hold-budget.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Secret, secret } from "../core/secret.ts";
import { withClones } from "../drivers/database/clones/clones.ts";
import { laterDatabase, type Opened } from "../drivers/database/later.ts";
import { withPointInTime } from "../drivers/database/pgbackrest/pgbackrest.ts";
import type { Past } from "../drivers/database/postgres/context.ts";
import {
  type PostgresConfig,
  type PostgresWithCare,
  postgresWithCare,
} from "../drivers/database/postgres/postgres.ts";
import { dockerCli } from "../drivers/docker/cli.ts";
import { readEnvText, type Values } from "../drivers/runtime/process/env.ts";
import { seal } from "../os/seal.ts";
import { openSql } from "../os/sql-pg.ts";
import { unpack } from "../os/unpack.ts";
import type { Tell } from "../ports/progress.ts";
import type { Machine } from "./machine.ts";

type Section = Extract<NonNullable<Environment["database"]>, { kind: "postgres" }>;

type Wires = {
  readonly machine: Machine;
  readonly backupDir: string;
  readonly also: Omit<Retention, "newest">;
  readonly stack: Environment["stack"];
  readonly tell: Tell;
  readonly past: Past | null;
  /** How long requests may wait. */
  readonly holdMs: number;
};

/** The env file is read at each use: while it says the same, the same driver answers. */
export function postgresOf(section: Section, wires: Wires) {
  let known: { readonly said: string; readonly opened: Result<Opened> } | null = null;
  return laterDatabase(async () => {
    const urls = await urlsOf(section, wires.machine);
    if (!urls.ok) return urls;
    const said = Object.values(urls.value)
      .map((one) => one?.reveal() ?? "")
      .join(" ");
    if (known?.said !== said) known = { said, opened: openWith(section, wires, urls.value) };
    return known.opened;
  });
}

/** What the env file fills in. */
type Urls = Pick<PostgresConfig, "url" | "adminUrl" | "unpackPassword"> & {
  readonly poolerUrl: Secret | null;
};

function openWith(
  { container, keepBackups, encryptionKeyFile, pointInTime, restore, copies, keepCopies, clones }: Section,
  wires: Wires,
  { poolerUrl, ...urls }: Urls,
): Result<Opened> {
  const { machine, backupDir, also, stack, tell, past } = wires;
  const { host, files, clock, swap, digestTree } = machine;
  const reached = stack?.runtime === "compose" ? stack.docker : null;
  const target = {
    host: reached?.host ?? null,
    context: reached?.context ?? null,
    configDir: reached?.configDir ?? null,
  };
  const url = parseDatabaseUrl(urls.url);
  if (!url.ok) return url;
  const made = postgresWithCare(
    {
      ...urls,
      container: container ?? null,
      backupDir,
      keep: keepBackups,
      also,
      encryptionKeyFile: encryptionKeyFile ?? null,
      clones: clones?.folder ?? null,
      copies: copies === "never" ? null : { withinMs: copyWithinMs(wires.holdMs), keep: keepCopies },
      restore: {
        ...{ jobs: restore.jobs, amcheck: restore.amcheck, sessions: restore.sessions },
        pooler: poolerUrl && { url: poolerUrl, database: restore.pooler?.database ?? url.value.database },
      },
    },
    {
      ...{ sql: openSql, host, files, clock, swap, unpack, seal, tell },
      ...(past ? { past } : {}),
      docker: dockerCli(host, target),
      digest: digestTree,
    },
  );
  if (!made.ok) return made;
  const name = url.value.database;
  const deps = { processes: machine.processes, env: machine.baseEnv };
  if (clones !== undefined) return ok({ ...made.value, name, ...withClones(made.value, clones, deps) });
  if (pointInTime === undefined) return ok({ ...made.value, name, pointInTime: null });
  return ok({ ...made.value, name, ...withArchive(made.value, pointInTime, machine) });
}

function withArchive(
  made: PostgresWithCare,
  { stanza, config, user, scratch, archiveWithin, full, diff }: NonNullable<Section["pointInTime"]>,
  { processes, baseEnv }: Machine,
) {
  const archive = {
    ...{ stanza, user, scratch },
    configFile: config ?? null,
    archiveWithinMs: archiveWithin.ms,
    fullEveryMs: full.ms,
    diffEveryMs: diff.ms,
  };
  return withPointInTime(made, archive, { processes, env: baseEnv });
}

async function urlsOf(
  { envFile, url, adminUrl, at, unpackPassword, restore }: Section,
  { files }: Machine,
): Promise<Result<Urls>> {
  const read = await files.read(envFile);
  // Not `missing`: to whoever asks, that would mean that there is no database.
  if (!read.ok)
    return problem(
      "config",
      `the database's env file cannot be read: ${read.error.what}`,
      `Look into ${dirname(envFile)}, and at database: envFile in lastgood.yml.`,
      envFile,
    );
  const values = readEnvText(read.value.toString("utf8"));
  const fill = (text: string | undefined, moved: Section["at"]) =>
    text === undefined ? ok(null) : filled(text, { values, envFile, at: moved });
  const app = filled(url, { values, envFile, at });
  if (!app.ok) return app;
  const admin = fill(adminUrl, at);
  if (!admin.ok) return admin;
  const pooler = fill(restore.pooler && consoleUrl(restore.pooler.url), undefined);
  if (!pooler.ok) return pooler;
  const unpacks = fill(unpackPassword, undefined);
  if (!unpacks.ok) return unpacks;
  return ok({
    url: app.value,
    adminUrl: admin.value,
    poolerUrl: pooler.value,
    unpackPassword: unpacks.value,
  });
}

/** pgbouncer's console is its database of that name. */
function consoleUrl(text: string): string {
  return `${text.replace(/\/(pgbouncer)?$/, "")}/pgbouncer`;
}

type Filling = { readonly values: Values; readonly envFile: string; readonly at: Section["at"] };

function filled(text: string, { values, envFile, at }: Filling): Result<Secret> {
  const missing = [...text.matchAll(/\$\{(\w+)\}/g)]
    .map(([, name = ""]) => name)
    .find((name) => !values[name]);
  if (missing !== undefined)
    return problem(
      "config",
      `${envFile} has no value for ${missing}, which the database's settings are made of`,
      "Write it there, or mend database: url in lastgood.yml.",
      envFile,
    );
  const whole = text.replace(/\$\{(\w+)\}/g, (_, name: string) => values[name] ?? "");
  return ok(secret(at === undefined ? whole : movedTo(whole, at)));
}

/** What can't be taken apart is refused by the driver, in better words. */
function movedTo(text: string, { host, port }: NonNullable<Section["at"]>): string {
  const url = URL.parse(text);
  if (url === null) return text;
  url.host = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  url.searchParams.delete("host");
  return url.href;
}
