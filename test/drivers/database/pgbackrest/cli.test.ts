// As people type it: what is missing, a deploy that waits for its point, back to that point, and a drill.
import { rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ShopOnPostgres, shopOnPostgres, works } from "../../../e2e/shop-on-postgres.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type ArchiveBed, archiveBed } from "./bed.ts";

const withBoth = await describeWith("postgres", "pgbackrest");
const limitMs = 420_000;

withBoth("an app whose server archives its WAL", () => {
  const { later, end } = laterOn();
  let bed: ArchiveBed;
  let shop: ShopOnPostgres;

  beforeAll(async () => {
    bed = await archiveBed(later);
    const { stanza, configFile, scratch } = bed.config;
    const lines = `    database:
      kind: postgres
      envFile: .env
      pointInTime: { tool: pgbackrest, stanza: ${stanza}, config: ${configFile}, scratch: ${scratch}, archiveWithin: 5s }
    integrity: [ { name: orders, sql: "SELECT count(*) FROM orders", atLeast: 1 } ]`;
    shop = await shopOnPostgres(bed.server, lines, later);
    await shop.psql(
      "CREATE TABLE orders(id serial PRIMARY KEY, body text); INSERT INTO orders(body) VALUES ('one')",
    );
    await bed.server.psql("CREATE DATABASE neighbour");
  }, limitMs);
  afterAll(end);

  test("from the first refusal to a restore, and back", { timeout: limitMs }, async () => {
    const { lastgood, psql } = shop;
    const refused = await lastgood("deploy", "v1", "--yes", "--no-wait");
    expect(refused.exit).not.toBe(0);
    expect(`${refused.out}${refused.err}`).toContain("the stanza shop was not made yet");

    const taken = works(await lastgood("backup", "now", "--json"));
    expect(taken["set"]).toMatchObject({ kind: "full" });
    works(await lastgood("deploy", "v1", "--yes", "--no-wait", "--json"));
    await psql("INSERT INTO orders(body) SELECT 'late' FROM generate_series(1, 5)");

    type Archive = { points: { name: string }[]; sets: { kind: string }[]; problem: null };
    const listed = works(await lastgood("backup", "list", "--json"))["pointInTime"] as Archive;
    const [deployed, byHand] = listed.points.map(({ name }) => name);
    expect([deployed, byHand]).toEqual([
      expect.stringMatching(/^before-v1-/),
      expect.stringMatching(/^by-hand-/),
    ]);
    const text = (await lastgood("backup", "list")).out;
    expect(text).toContain("pgBackRest, stanza shop: any moment since");
    expect(text).toContain(`lastgood restore --at ${deployed}`);
    works(await lastgood("backup", "verify", "--json"));

    const drilled = works(await lastgood("drill", "--at", deployed ?? "", "--json"));
    expect(drilled).toMatchObject({
      moment: `the point ${deployed}`,
      integrity: { checks: 1, failures: [] },
    });

    const plan = works(await lastgood("restore", "--at", deployed ?? "", "--plan", "--json"));
    expect(plan["writtenSince"]).toMatchObject([{ table: "orders", rows: 5 }]);
    works(await lastgood("restore", "--at", deployed ?? "", "--yes", "--json"));
    expect(await psql("SELECT count(*) FROM orders")).toBe("1");
    works(await lastgood("restore", "--undo", "--yes", "--json"));
    expect(await psql("SELECT count(*) FROM orders")).toBe("6");

    const unknown = await lastgood("restore", "--at", "nonsense", "--plan", "--json");
    expect(unknown.exit).toBe(2);
    expect(unknown.out).toContain("there is no point nonsense");

    await writeFile(bed.stop, "");
    const stopped = await lastgood("deploy", "v2", "--yes", "--no-wait");
    await rm(bed.stop);
    expect(stopped.exit).not.toBe(0);
    expect(`${stopped.out}${stopped.err}`).toContain("was not in the archive of shop within 5 s");
    expect((await lastgood("status")).out).toContain("v1");
  });
});
