// Back to a named point or a time, out of the archive of a server that other databases share.
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../../scripts/parts/run.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { bad, good, op as opOf } from "../postgres/site.ts";
import { type ArchiveBed, archiveBed, archiveContent, archivedShop, orders } from "./bed.ts";

let ops = 0;
/** Points are of the whole server, so a test that is tried again needs other names. */
const op = (name: string) => opOf(`${name}-${++ops}`);

const withBoth = await describeWith("postgres", "pgbackrest");

withBoth("a database as it was", () => {
  const { later, end } = laterOn();
  let bed: ArchiveBed;

  beforeAll(async () => {
    bed = await archiveBed(later);
    await bed.server.psql("CREATE DATABASE neighbour");
    await bed.server.psql("CREATE TABLE notes(a int); INSERT INTO notes VALUES (1)", "neighbour");
    const archive = ["pgbackrest", `--config=${bed.config.configFile}`, `--stanza=${bed.config.stanza}`];
    await run(bed.server.asOwner([...archive, "stanza-create"]), { cwd: "/" });
    await run(bed.server.asOwner([...archive, "backup", "--log-level-console=off"]), { cwd: "/" });
  }, 180_000);
  afterAll(end);

  const clockOfServer = async () =>
    Math.floor(Number(await bed.server.psql("SELECT extract(epoch FROM clock_timestamp()) * 1000")));
  const scratchLeft = () => readdirSync(bed.config.scratch);

  test("a named point brings exactly its rows, and the other database stays", {
    timeout: 240_000,
  }, async () => {
    const shop = await archivedShop(bed);
    const before = await archiveContent(bed);
    const point = good(await shop.database.backUp(op("point"), "before-v2")).id;
    await shop.sql("INSERT INTO orders(body) SELECT 'late ' || g FROM generate_series(1, 7) g");
    await shop.sql("UPDATE orders SET body = 'changed' WHERE id = 1");
    await bed.server.psql("INSERT INTO notes VALUES (2)", "neighbour");
    const neighbour = await bed.server.psql("SELECT oid FROM pg_database WHERE datname = 'neighbour'");
    expect(await archiveContent(bed)).not.toBe(before);

    const recalled = good(await shop.pointInTime.recall(op("recall"), { kind: "point", name: point }));
    expect(recalled.rows).toEqual({ orders: 10 });
    expect(scratchLeft()).toEqual([]);
    const again = good(await shop.pointInTime.recall(op("other"), { kind: "point", name: point }));
    expect(again.id).toBe(recalled.id);
    const since = good(await shop.care.since(recalled.id));
    expect(since.written).toEqual([{ table: "orders", rows: 8, what: expect.any(String) }]);
    good(await shop.care.verify(recalled.id));

    const { kept } = good(await shop.database.restore(op("restore"), recalled.id));
    expect(await orders(shop)).toBe("10");
    expect(await shop.sql("SELECT body FROM orders WHERE id = 1")).toBe("order 1");
    expect(await bed.server.psql("SELECT count(*) FROM notes", "neighbour")).toBe("2");
    expect(await bed.server.psql("SELECT oid FROM pg_database WHERE datname = 'neighbour'")).toBe(neighbour);

    good(await shop.database.restore(op("undo"), kept));
    expect(await orders(shop)).toBe("17");
  });

  test("a time between two commits brings the first and not the second", { timeout: 180_000 }, async () => {
    const shop = await archivedShop(bed);
    const count = Number(await orders(shop));
    await shop.sql("INSERT INTO orders(body) VALUES ('first')");
    await bed.server.psql("SELECT pg_sleep(0.05)");
    const between = await clockOfServer();
    await bed.server.psql("SELECT pg_sleep(0.05)");
    await shop.sql("INSERT INTO orders(body) VALUES ('second')");
    const moment = { kind: "time", at: between } as const;
    const recalled = good(await shop.pointInTime.recall(op("time"), moment));
    expect(recalled.rows).toEqual({ orders: count + 1 });
    expect(recalled.at).toBe(between);
  });

  test("a time after the last commit is reached too", { timeout: 180_000 }, async () => {
    const shop = await archivedShop(bed);
    const moment = { kind: "time", at: await clockOfServer() } as const;
    const recalled = good(await shop.pointInTime.recall(op("now"), moment));
    expect(recalled.rows).toEqual({ orders: Number(await orders(shop)) });
  });

  test("what was being written at the moment counts as written since", { timeout: 180_000 }, async () => {
    const shop = await archivedShop(bed);
    const writer = good(await shop.context.app.connect());
    good(await writer.query("BEGIN; INSERT INTO orders(body) VALUES ('open at the point')"));
    const point = good(await shop.database.backUp(op("open"), "before-v3")).id;
    good(await writer.query("COMMIT"));
    await writer.close();
    const recalled = good(await shop.pointInTime.recall(op("open-recall"), { kind: "point", name: point }));
    const since = good(await shop.care.since(recalled.id));
    expect(since.written).toEqual([{ table: "orders", rows: 1, what: "1 new" }]);
    expect(since.gaps[0]).toContain("open at the backup");
  });

  test("a drill measures, asks the copy, pushes nothing, and leaves nothing", {
    timeout: 180_000,
  }, async () => {
    const shop = await archivedShop(bed);
    const name = good(await shop.database.backUp(op("drilled"), "by-hand")).id;
    await shop.sql("INSERT INTO orders(body) VALUES ('late')");
    good(await shop.database.backUp(op("settle"), "by-hand")); // what was switched is archived after this
    const before = await archiveContent(bed);
    const answers: unknown[] = [];
    const drilled = await shop.pointInTime.rehearse({ kind: "point", name }, async (copy) => {
      answers.push(
        good(await copy(["SELECT count(*) FROM orders", "SELECT current_setting('archive_mode')"])),
      );
    });
    const { ms, moment, losses } = good(drilled);
    expect(moment).toBe(`the point ${name}`);
    expect(ms).toBeGreaterThan(0);
    expect(answers).toEqual([
      [
        { ok: true, value: Number(await orders(shop)) - 1 },
        { ok: true, value: "off" },
      ],
    ]);
    expect(losses).toHaveLength(1);
    expect(await archiveContent(bed)).toBe(before);
    expect(scratchLeft()).toEqual([]);
    expect(execFileSync("ps", ["-eo", "args"]).toString()).not.toContain(bed.config.scratch);
  });

  test("moments that can't be had are refused with those that can", { timeout: 60_000 }, async () => {
    const shop = await archivedShop(bed);
    good(await shop.database.backUp(op("known"), "by-hand"));
    const unknown = bad(await shop.pointInTime.recall(op("x"), { kind: "point", name: "nothing" }));
    expect(unknown.what).toBe("there is no point nothing");
    expect(unknown.next).toContain("There are: ");
    const early = bad(await shop.pointInTime.recall(op("y"), { kind: "time", at: 0 }));
    expect(early.what).toContain("does not reach back to 1970");
    const later = bad(await shop.pointInTime.recall(op("z"), { kind: "time", at: Date.now() + 3_600_000 }));
    expect(later.what).toContain("has not come yet");
  });

  test("a tablespace comes to lie beside; one that is younger than the copy is not touched", {
    timeout: 240_000,
  }, async () => {
    const shop = await archivedShop(bed);
    const place = join(bed.folder, "fast");
    const ownership = process.geteuid?.() === 0 ? ["-o", "postgres"] : [];
    await run(["install", "-d", "-m", "700", ...ownership, place]);
    await bed.server.psql(`CREATE TABLESPACE fast LOCATION '${place}'`);
    await bed.server.psql(
      "CREATE TABLE quick(a int) TABLESPACE fast; INSERT INTO quick VALUES (1)",
      "neighbour",
    );
    const early = good(await shop.database.backUp(op("early"), "by-hand")).id;
    await bed.server.psql("INSERT INTO quick VALUES (2); CHECKPOINT", "neighbour");
    const files = () => run(["find", `${place}/`, "-type", "f", "-exec", "sha256sum", "{}", "+"]);
    const before = await files();
    const refused = bad(await shop.pointInTime.recall(op("young"), { kind: "point", name: early }));
    expect(refused.what).toContain("tablespaces that are younger than the copy");
    expect(await files()).toBe(before);

    good(await shop.pointInTime.backUp(op("fresh")));
    const late = good(await shop.database.backUp(op("late"), "by-hand")).id;
    const settled = await files();
    good(await shop.pointInTime.recall(op("old"), { kind: "point", name: late }));
    expect(await files()).toBe(settled);
    expect(await bed.server.psql("SELECT count(*) FROM quick", "neighbour")).toBe("2");
  });

  test("a folder in the way that is not ours is left alone, and said", { timeout: 120_000 }, async () => {
    const shop = await archivedShop(bed);
    good(await shop.database.backUp(op("mine"), "by-hand"));
    const folders: string[] = [];
    good(await shop.pointInTime.rehearse(null, async () => void folders.push(...scratchLeft())));
    const theirs = join(bed.config.scratch, folders[0] ?? "");
    await mkdir(join(theirs, "data"), { recursive: true });
    const refused = bad(await shop.pointInTime.rehearse(null));
    expect(refused.what).toContain("was not made by Lastgood");
    expect(existsSync(join(theirs, "data"))).toBe(true);
    await rm(theirs, { recursive: true });
  });
});
