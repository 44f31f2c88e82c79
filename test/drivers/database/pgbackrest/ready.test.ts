// What is missing is said, with the lines to paste; a deploy without an archive is refused within its bound.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../../../scripts/parts/run.ts";
import { archive } from "../../../../src/drivers/checks/archive.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite, op } from "../postgres/site.ts";
import { type ArchiveBed, archiveBed, archivedShop, openShop } from "./bed.ts";

const withBoth = await describeWith("postgres", "pgbackrest");

withBoth("a server that is to archive its WAL", () => {
  const { later, end } = laterOn();
  let bed: ArchiveBed;

  beforeAll(async () => {
    bed = await archiveBed(later);
  }, 120_000);
  afterAll(end);

  test("one that archives nothing is told the lines for both files, and for its role", {
    timeout: 60_000,
  }, async () => {
    const server = await postgresBed();
    const site = await makeSite(server);
    const { pointInTime } = openShop(bed, site, { stanza: "other", scratch: "/nonexistent/scratch" });
    const missing = good(await pointInTime.lacks());
    const lines = missing.flatMap((one) => one.lines);
    expect(lines).toEqual([
      "[other]",
      "pg1-path=<SHOW data_directory>",
      "archive_mode = on",
      `archive_command = 'pgbackrest --config=${bed.config.configFile} --stanza=other archive-push %p'`,
      `GRANT EXECUTE ON FUNCTION pg_create_restore_point(text), pg_switch_wal() TO "${site.database.replace("shop", "app")}";`,
      "install -d -m 700 -o postgres /nonexistent/scratch",
    ]);
    expect(missing[1]?.next).toContain("restart the server");
  });

  test("without a stanza there is no restore point, and backup now makes both", {
    timeout: 120_000,
  }, async () => {
    const shop = await archivedShop(bed);
    const refused = bad(await shop.database.backUp(op("early"), "before-v2"));
    expect(refused.code).toBe("refused");
    expect(refused.what).toContain("the stanza shop was not made yet");
    expect(refused.next).toContain("lastgood backup now makes it");
    expect(good(await shop.database.backups())).toEqual([]);
    const doctor = archive({ pointInTime: shop.pointInTime, clock: shop.deps.clock });
    const { signal } = new AbortController();
    expect(good(await doctor.look(signal))).toMatchObject([{ is: "bad", what: refused.what.split(": ")[1] }]);

    const full = good(await shop.pointInTime.backUp(op("full")));
    expect(full.kind).toBe("full");
    expect(good(await shop.pointInTime.lacks())).toEqual([]);
    const [look] = good(await doctor.look(signal));
    expect(look).toMatchObject({ is: "well", data: { sets: 1, points: 0 } });
    expect(good(await shop.pointInTime.backUp(op("more"))).kind).toBe("incr");
    const often = openShop(bed, shop, { diffEveryMs: 0 });
    expect(good(await often.pointInTime.backUp(op("diff"))).kind).toBe("diff");
    good(await shop.pointInTime.verify());

    const backup = good(await shop.database.backUp(op("late"), "before-v2"));
    const { points, sets } = good(await shop.pointInTime.reach());
    expect(points.map(({ name }) => name)).toEqual([backup.id]);
    expect(sets.map(({ kind }) => kind)).toEqual(["diff", "incr", "full"]);
  });

  test("an archive_command that fails stops the deploy within the bound", { timeout: 120_000 }, async () => {
    const shop = await archivedShop(bed);
    const soon = openShop(bed, shop, { archiveWithinMs: 3_000 });
    good(await soon.pointInTime.backUp(op("base")));
    await writeFile(bed.stop, "");
    try {
      const refused = bad(await soon.database.backUp(op("stopped"), "before-v3"));
      expect(refused.code).toBe("refused");
      expect(refused.what).toMatch(
        /was not in the archive of shop within 3 s: the server's archive_command fails/,
      );
      expect(good(await soon.database.backups())).toEqual([]);
    } finally {
      await rm(bed.stop);
    }
    // The same op again, once it archives: the moment that was named stays, and is waited for.
    const [before] = good(await shop.pointInTime.reach()).points;
    const made = good(await shop.database.backUp(op("stopped"), "before-v3"));
    expect(good(await shop.pointInTime.reach()).points).toEqual([before]);
    expect(before?.name).toBe(made.id);
  });

  test("an archive_command that only says yes is found out", { timeout: 120_000 }, async () => {
    const shop = await archivedShop(bed);
    const soon = openShop(bed, shop, { archiveWithinMs: 3_000 });
    await writeFile(bed.lie, "");
    try {
      const refused = bad(await soon.database.backUp(op("lied"), "before-v4"));
      expect(refused.what).toContain("says it did, but does not push to this stanza");
    } finally {
      await rm(bed.lie);
    }
  });

  test("a scratch folder inside of the server's own is refused", { timeout: 60_000 }, async () => {
    const shop = await archivedShop(bed);
    good(await shop.pointInTime.backUp(op("inside")));
    good(await shop.database.backUp(op("inside-point"), "by-hand"));
    const scratch = `${bed.server.dataFolder}/base`;
    const before = await run(["find", scratch, "-maxdepth", "1"]);
    const inside = openShop(bed, shop, { scratch });
    expect(bad(await inside.pointInTime.rehearse(null)).what).toContain("lies in the server's own folder");
    expect(await run(["find", scratch, "-maxdepth", "1"])).toBe(before);
  });

  test("one byte that is another in the archive is found by verify", { timeout: 120_000 }, async () => {
    const shop = await archivedShop(bed);
    good(await shop.pointInTime.backUp(op("whole")));
    good(await shop.pointInTime.verify());
    const found = await run([
      "find",
      join(bed.folder, "repo", "backup"),
      "-name",
      "1247.lz4",
      "-size",
      "+1k",
    ]);
    const [path = ""] = found.split("\n");
    const file = await readFile(path);
    file[200] = (file[200] ?? 0) ^ 1;
    await writeFile(path, file);
    const damaged = bad(await shop.pointInTime.verify());
    expect(damaged.code).toBe("damaged");
    expect(damaged.what).toMatch(/the archive of shop is not whole: .*checksum invalid: 1/);
  });
});
