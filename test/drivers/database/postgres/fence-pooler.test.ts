import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { holdPooler, poolerWaits } from "../../../../src/drivers/database/postgres/fence/pooler.ts";
import { optionsOf } from "../../../../src/drivers/database/postgres/restore/options.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap/probe.ts";
import { localProcesses } from "../../../../src/os/processes.ts";
import { bedFolder, laterOn, listens, pause, startDaemon } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { type Shop, shop } from "./shop.ts";
import { good, op } from "./site.ts";

const program = "/usr/sbin/pgbouncer";
const patience = 60_000;
const run = promisify(execFile);
const withParts = await describeWith("pgbouncer", "postgres");

withParts("behind a pgbouncer", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  /** URLs of the app's way through it, and of its console. */
  async function bouncer(site: Shop) {
    const folder = await bedFolder("pgbouncer", later, 0o755);
    const port = await localProcesses().freePort();
    const { username, password } = new URL(site.config.url.reveal());
    const target = `host=127.0.0.1 port=${server.port} user=${username} password=${password} dbname=${site.database}`;
    const config = `[databases]
shop = ${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
auth_type = any
pool_mode = transaction
unix_socket_dir =
admin_users = ${username}
ignore_startup_parameters = extra_float_digits
`;
    const file = join(folder, "pgbouncer.ini");
    await writeFile(file, config, { mode: 0o644 });
    const argv = server.asOwner([program, "-q", file]);
    await startDaemon({ argv, folder, ready: () => listens(port) }, later);
    const url = (database: string) => `postgres://${username}@127.0.0.1:${port}/${database}?sslmode=disable`;
    return { app: url("shop"), console: url("pgbouncer") };
  }

  test(
    "clients wait during the exchange, none is turned away, and they meet the restored database",
    async () => {
      const site = await shop(server);
      const urls = await bouncer(site);
      const seen: string[] = [];
      let over = false;
      const asking = (async () => {
        while (!over) {
          const client = new pg.Client({ connectionString: urls.app });
          client.on("error", () => {});
          const asked = client.connect().then(() => client.query("SELECT count(*) FROM orders"));
          seen.push(await asked.then(({ rows }) => rows[0].count, String));
          await client.end().catch(() => {});
        }
      })();
      while (!seen.includes("20")) await pause();
      const pooler = { url: secret(urls.console), database: "shop" };
      const context = site.context({ restore: { sessions: "end", pooler } });
      good(await restore(context, op("back"), site.backup));
      while (seen.at(-1) !== "10") await pause();
      good(await restore(context, op("undo"), "before-op-back"));
      while (seen.at(-1) !== "20") await pause();
      over = true;
      await asking;
      expect([...new Set(seen)].sort()).toEqual(["10", "20"]);
    },
    patience,
  );

  test(
    "who was left waiting by a controller that died goes on with the next look",
    async () => {
      const site = await shop(server);
      const urls = await bouncer(site);
      const pooler = { url: secret(urls.console), database: "shop" };
      const dead = site.context({ restore: { pooler } });
      good(await holdPooler(dead, optionsOf(dead)));
      let answered = false;
      const asked = new pg.Client({ connectionString: urls.app });
      asked.on("error", () => {});
      const asking = asked.connect().then(async () => {
        await asked.query("SELECT 1");
        answered = true;
      });
      while ((await heldClients(urls.console)) === "0") {
        if (answered) throw new Error("nothing was paused: psql took longer than the driver waits");
        await pause();
      }
      expect(answered).toBe(false);

      expect(good(await marker(site.context({ restore: { pooler } })))).toBeNull();
      await asking;
      expect(answered).toBe(true);
      await asked.end();
      expect(good(await poolerWaits(dead))).toBe(false);
    },
    patience,
  );
});

/** How many clients pgbouncer keeps waiting for the shop's database. */
async function heldClients(console: string): Promise<string> {
  const { stdout } = await run("psql", ["-XqAt", "-c", "SHOW POOLS", console]);
  const [, , , waiting = "0"] =
    stdout
      .split("\n")
      .find((line) => line.startsWith("shop|"))
      ?.split("|") ?? [];
  return waiting;
}
