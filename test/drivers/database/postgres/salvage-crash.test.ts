// kill -9 of the controller and of the server between any two statements of a salvage: nothing of it, or all of it.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { everything, makeShop, type Shop } from "./salvage-site.ts";
import { good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
/** Moments at which somebody is killed; LASTGOOD_KILLS=60 for a long run. */
const kills = Number(process.env["LASTGOOD_KILLS"] ?? 6);
const patience = 120_000 + kills * 20_000;

const tables = `CREATE TABLE customers(id bigserial PRIMARY KEY, email text UNIQUE, name text);
  CREATE TABLE orders(id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, body text);
  CREATE TABLE tree(id int PRIMARY KEY, parent int REFERENCES tree);`;
const rows = `INSERT INTO customers(email, name) SELECT g || '@example.org', 'Customer ' || g FROM generate_series(1, 50) g;
  INSERT INTO orders(customer_id, body) SELECT 1 + g % 50, 'order ' || g FROM generate_series(1, 100) g;
  INSERT INTO tree SELECT g, nullif(g / 2, 0) FROM generate_series(1, 20) g`;
const written = `INSERT INTO customers(email) SELECT 'new' || g FROM generate_series(1, 20) g;
  INSERT INTO orders(customer_id) SELECT 50 + g FROM generate_series(1, 20) g;
  UPDATE orders SET body = 'changed' WHERE id <= 30; DELETE FROM orders WHERE id BETWEEN 40 AND 49;
  INSERT INTO tree VALUES(30, 30)`;

type Told = { readonly at: number; readonly done?: string };

withPostgres("a salvage that is killed", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  /** One salvage in a process of its own. `stop` is called at the statement `at`, before it is sent or just after. */
  async function child(
    shop: Shop,
    kept: { id: string; from: string },
    { name, at }: { name: string; at: number },
    stop: (pid: number) => Promise<void>,
  ) {
    const path = fileURLToPath(new URL("./salvage-child.ts", import.meta.url));
    const argv = [shop.config.url.reveal(), shop.config.backupDir, name, kept.id, kept.from];
    const salvage = fork(path, argv, { execArgv: [], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const ended = once(salvage, "exit");
    let last: Told = { at: 0 };
    let stopping: Promise<void> | null = null;
    salvage.on("message", (message) => {
      last = message as Told;
      if (last.at === at && last.done === undefined) stopping ??= stop(salvage.pid ?? 0);
    });
    await ended;
    await stopping;
    return last;
  }

  async function shopPutBack() {
    const shop = await makeShop(server, tables, rows);
    await shop.sql(written);
    const kept = await shop.putBack();
    good(await shop.salvage.look(kept, everything));
    return { shop, kept, older: await shop.hashes(shop.database), newer: await shop.hashes(kept.database) };
  }

  async function serverKilled(): Promise<void> {
    await server.stop("SIGKILL");
    // Its children notice a moment later, and a new server waits for all of them to be gone.
    for (let left = 20; ; left--) {
      const started = await server.startAgain().catch((error: Error) => error);
      if (!(started instanceof Error)) {
        server = { ...server, ...started };
        return;
      }
      if (left === 0 || !started.message.includes("still in use")) throw started;
    }
  }

  test.each(["controller", "server"] as const)(
    "of the %s leaves all or nothing, and the same op afterwards makes it whole",
    async (who) => {
      const whole = await shopPutBack();
      const undisturbed = await child(
        whole.shop,
        whole.kept,
        { name: "op-count", at: -1 },
        async () => undefined,
      );
      expect(undisturbed.done).toBe("ok");
      expect(await whole.shop.hashes(whole.shop.database)).toEqual(whole.newer);
      const seen = { none: 0, all: 0 };
      const { shop, kept, older, newer } = await shopPutBack();
      for (let kill = 0; kill < kills; kill++) {
        // Spread over all statements; the last of them is the commit.
        const at = 1 + Math.round(((undisturbed.at - 1) * (kill + 1)) / kills);
        const name = `op-kill-${kill}`;
        await child(shop, kept, { name, at }, async (pid) => {
          if (who === "server") await serverKilled();
          else process.kill(pid, "SIGKILL");
        });
        await expect
          .poll(
            () =>
              shop.sql(
                "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lastgood' AND datname = current_database()",
              ),
            { timeout: 20_000 },
          )
          .toBe("0");
        const now = await shop.hashes(shop.database);
        const marked = good(await shop.salvage.replayed(name)) !== null;
        expect(now).toEqual(marked ? newer : older);
        seen[marked ? "all" : "none"]++;
        if (marked) break;
      }
      expect(seen.none).toBeGreaterThan(0);
      good(await shop.salvage.replay(op("after"), kept, everything));
      good(await shop.salvage.replay(op("after"), kept, everything));
      expect(await shop.hashes(shop.database)).toEqual(newer);
      expect(await shop.sql("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND condeferrable")).toBe(
        "0",
      );
    },
    patience,
  );
});
