import { readdir } from "node:fs/promises";
import { expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { backUp } from "../../../../src/drivers/database/postgres/back-up.ts";
import type { Context, PostgresConfig } from "../../../../src/drivers/database/postgres/context.ts";
import { rehearse } from "../../../../src/drivers/database/postgres/drill.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { findManifest } from "../../../../src/drivers/database/postgres/store.ts";
import { dockerCli } from "../../../../src/drivers/docker/cli.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { digestTree } from "../../../../src/os/digest.ts";
import { localFiles } from "../../../../src/os/files.ts";
import { fileSwap } from "../../../../src/os/open-files.ts";
import { seal } from "../../../../src/os/seal.ts";
import { openSql } from "../../../../src/os/sql-pg.ts";
import { unpack } from "../../../../src/os/unpack.ts";
import type { Command, Host } from "../../../../src/ports/host.ts";
import { tempFolder } from "../../../os/temp-folder.ts";
import { type DockerBed, docker } from "../../../parts/docker.ts";
import { describeWith } from "../../../parts/needs.ts";
import { bad, good, op } from "./site.ts";

const withDocker = await describeWith("docker");

withDocker("a database in a container", () => {
  const timeout = 180_000;

  test("is reached at the container's address, and dumped by its own programs where the host has none", {
    timeout,
  }, async () => {
    const bed = await docker();
    const container = await started(bed);
    const seen: Command[] = [];
    const context = await contextOf(bed, container, seen);
    const { id, rows } = good(await backUp(context, op("one"), "nightly"));
    expect(rows).toEqual({ orders: 200 });
    const manifest = good(await findManifest(context, id));
    expect(manifest.toolVersion).toMatch(/^15/);
    expect(good(await context.tools.version()).where).toBe(`image of the container ${container}`);
    expect(JSON.stringify(seen)).not.toContain("in-the-stack");
    good(await rehearse(context, id, undefined));
    const running = await bed.docker(["ps", "--all", "--format", "{{.Names}}"]);
    expect(running).not.toContain("lastgood-pg_");
    await bed.docker(["restart", container]); // which may get another address
    await expect
      .poll(() => backUp(context, op("two"), "nightly").then((made) => made.ok), { timeout: 60_000 })
      .toBe(true);
  });

  test("one that is stopped, or not there, says so and how to start it", { timeout }, async () => {
    const bed = await docker();
    const container = await started(bed);
    const context = await contextOf(bed, container, []);
    await bed.docker(["stop", container]);
    const stopped = bad(await backUp(context, op("one"), "nightly"));
    expect(stopped).toMatchObject({
      code: "unreachable",
      what: `the database's container ${container} is exited`,
    });
    expect(stopped.next).toContain(`docker start ${container}`);
    const none = await contextOf(bed, `${container}-none`, []);
    expect(bad(await backUp(none, op("one"), "nightly"))).toMatchObject({ code: "missing" });
    expect((await readdir(context.config.backupDir)).filter((name) => name !== ".epoch")).toEqual([]);
  });
});

/** As in the user's compose file: its URL has the name of the service, which means nothing on the host. */
const url = secret("postgres://shop:in-the-stack@postgres:5432/shop");

async function started(bed: DockerBed): Promise<string> {
  const name = `${bed.project}-postgres`;
  const env = ["POSTGRES_USER=shop", "POSTGRES_PASSWORD=in-the-stack", "POSTGRES_DB=shop"];
  await bed.docker([
    "run",
    "--detach",
    "--name",
    name,
    "--label",
    `lastgood.test=${bed.project}`,
    ...env.flatMap((one) => ["--env", one]),
    "postgres:15",
  ]);
  const ask = (sql: string) =>
    bed.tryDocker(["exec", name, "psql", "-U", "shop", "-h", "127.0.0.1", "-d", "shop", "-c", sql]);
  await expect.poll(() => ask("SELECT 1").then((end) => end.exitCode), { timeout: 60_000 }).toBe(0);
  const made = await ask("CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 200) g");
  expect([made.exitCode, made.stderr]).toEqual([0, ""]);
  return name;
}

async function contextOf(bed: DockerBed, container: string, seen: Command[]): Promise<Context> {
  const host: Host = {
    ...bed.host,
    run: (command, signal) => {
      seen.push(command);
      const { argv } = command;
      // A host without client programs.
      const program = argv[0].endsWith("pg_dump") ? (["false"] as const) : argv;
      return bed.host.run({ ...command, argv: program }, signal);
    },
  };
  const config: PostgresConfig = {
    url,
    adminUrl: null,
    container,
    backupDir: `${await tempFolder()}/backups`,
    keep: 5,
  };
  const clock = systemClock();
  const files = localFiles();
  const target = { host: null, context: null, configDir: null };
  return good(
    openContext(config, {
      ...{ host, files, clock, unpack, seal },
      sql: openSql,
      docker: dockerCli(host, target),
      swap: fileSwap(),
      digest: digestTree,
    }),
  );
}
