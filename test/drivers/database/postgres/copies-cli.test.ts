// As people type it: a deploy that copies the database while requests wait, what it says of the ways, and back to the copy.
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ShopOnPostgres, shopOnPostgres, works } from "../../../e2e/shop-on-postgres.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";

const withPostgres = await describeWith("postgres");
const limitMs = 240_000;

type Way = { readonly way: string; readonly chosen: boolean; readonly why: string };

withPostgres("an app whose deploys take a template copy", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  let shop: ShopOnPostgres;

  beforeAll(async () => {
    server = await postgresBed({ fsync: "off" }, later);
    const lines = "    database: { kind: postgres, envFile: .env, copies: when-quick }";
    shop = await shopOnPostgres(server, lines, later);
    await shop.psql("CREATE TABLE orders(id serial PRIMARY KEY); INSERT INTO orders DEFAULT VALUES");
  }, limitMs);
  afterAll(end);

  test("from the plan to a restore that takes the copy's place", { timeout: limitMs }, async () => {
    const { lastgood, psql } = shop;
    works(await lastgood("deploy", "v1", "--yes", "--no-wait", "--json"));

    const planned = works(await lastgood("deploy", "v2", "--plan", "--json"));
    const copy = (planned["ways"] as readonly Way[]).find(({ way }) => way === "template copy");
    expect(copy).toMatchObject({ chosen: true, why: expect.stringContaining("here") });
    const { steps } = planned["plan"] as { readonly steps: readonly { readonly kind: string }[] };
    expect(steps.slice(1, 6).map(({ kind }) => kind)).toEqual([
      "traffic.hold",
      "traffic.drain",
      "database.copy",
      "traffic.hold",
      "database.backup",
    ]);
    expect((await lastgood("deploy", "v2", "--plan")).out).toContain("template copy  a copy of");

    const out = works(await lastgood("deploy", "v2", "--yes", "--no-wait", "--json"));
    expect(out["status"]).toBe("ended");
    await psql("INSERT INTO orders DEFAULT VALUES");
    const listed = works(await lastgood("backup", "list", "--json"));
    const [newest] = listed["backups"] as readonly { readonly id: string }[];
    const shown = (await lastgood("backup", "show", newest?.id ?? "")).out;
    expect(shown).toMatch(/yes {2}template copy {2}a copy of .* taken in .* while requests waited/);
    expect(shown).toMatch(/yes {2}dump/);
    expect(shown).toMatch(/no {3}point in time {2}the server archives no WAL/);

    const oid = await server.psql("SELECT oid FROM pg_database WHERE datname LIKE 'shop_point_%'");
    expect(oid).not.toBe("");
    works(await lastgood("restore", newest?.id ?? "", "--yes", "--json"));
    expect(await server.psql("SELECT oid FROM pg_database WHERE datname = 'shop'")).toBe(oid);
    expect(await psql("SELECT count(*) FROM orders")).toBe("1");
    works(await lastgood("restore", "--undo", "--yes", "--json"));
    expect(await psql("SELECT count(*) FROM orders")).toBe("2");
    expect((await lastgood("backup", "now")).out).toMatch(/no {3}template copy .*going back took/);
  });
});
