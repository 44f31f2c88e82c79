// A database of an app with a pool, as the contract of databases wants it.
import { Client } from "pg";
import { onTestFinished } from "vitest";
import { postgresWithCare } from "../../../../src/drivers/database/postgres/postgres.ts";
import type { DatabaseBed } from "../../../../src/testing/contracts/database.ts";
import type { PostgresBed } from "../../../parts/postgres.ts";
import { good, makeSite, op, type Site } from "./site.ts";

/** `reach`: another way to the same database, its container for one. */
export async function contractBed(
  server: PostgresBed,
  reach: (site: Site) => Pick<Site, "config" | "deps"> = (site) => site,
): Promise<DatabaseBed> {
  const site = await makeSite(server);
  await site.sql("CREATE TABLE orders (id bigserial PRIMARY KEY, note text NOT NULL)");
  let app = startApp(site.config.url.reveal());
  onTestFinished(() => app.stop());
  const { config, deps } = reach(site);
  const open = () => good(postgresWithCare(config, deps)).database;
  return {
    database: open(),
    again: async () => open(),
    op,
    write: async (rows) => {
      await app.ask(`INSERT INTO orders (note) SELECT 'order' FROM generate_series(1, ${rows})`);
    },
    rows: async () => Number((await app.ask("SELECT count(*) AS n FROM orders")).rows[0]?.n),
    stopApp: () => app.stop(),
    startApp: async () => {
      app = startApp(site.config.url.reveal());
      await app.ask("SELECT 1");
    },
  };
}

/** As apps with a pool do: a connection that was ended is made again at once, for as long as the app runs. */
function startApp(url: string) {
  let running = true;
  let client: Promise<Client> = connect();
  async function connect(): Promise<Client> {
    for (;;) {
      const fresh = new Client({ connectionString: url });
      fresh.on("error", () => undefined);
      try {
        await fresh.connect();
      } catch (error) {
        if (!running) throw error;
        continue;
      }
      fresh.once("end", () => {
        if (!running) return;
        client = connect();
        client.catch(() => undefined);
      });
      return fresh;
    }
  }
  return {
    ask: async (text: string) => {
      for (let tries = 1; ; tries++) {
        try {
          return await (await client).query(text);
        } catch (error) {
          if (tries >= 50 || !/terminat|Connection|queryable/i.test(String(error))) throw error;
        }
      }
    },
    stop: async () => {
      running = false;
      await client.then((open) => open.end()).catch(() => undefined);
    },
  };
}
