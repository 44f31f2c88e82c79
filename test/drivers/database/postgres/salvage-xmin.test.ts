import { expect, test } from "vitest";
import { run } from "../../../../scripts/parts/run.ts";
import { writtenSince } from "../../../../src/drivers/database/postgres/salvage/xmin.ts";
import { describeWith } from "../../../parts/needs.ts";
import { postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite, type Site } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 90_000;

async function written(site: Site, at: string): Promise<string> {
  const session = good(await site.context().app.connect());
  try {
    const { since } = good(await writtenSince(session, { at, backup: null, migrated: [] }));
    const found = good(
      await session.query(`SELECT string_agg(name, ' ' ORDER BY name) AS names FROM t WHERE ${since("t")}`),
    );
    return found.rows[0]?.["names"] ?? "";
  } finally {
    await session.close();
  }
}

const now = (site: Site) => site.sql("SELECT pg_current_snapshot()");

withPostgres("rows written since a snapshot", () => {
  test.each([
    { where: "in the first epoch", epoch: null, next: null },
    { where: "in epoch 5", epoch: 5, next: null },
    // The next id is near the end of its 32 bits, so that the rows lie on both sides of the turn.
    { where: "across the turn of an epoch", epoch: 5, next: 4_294_967_290 },
  ])(
    "are told apart $where",
    async ({ epoch, next }) => {
      const server = await postgresBed();
      const site = await makeSite(server);
      await site.sql("CREATE TABLE t(name text); INSERT INTO t VALUES('ancient')");
      // Rows that are not frozen would lie in the future of a server that was moved on.
      for (const database of ["postgres", "template1", site.database])
        await server.psql("VACUUM (FREEZE)", database);
      if (epoch !== null) {
        const resetwal = (...args: string[]) =>
          run(server.asOwner([`${server.programs}/pg_resetwal`, ...args, "-D", server.dataFolder]));
        await server.psql("CHECKPOINT");
        await server.stop();
        await resetwal("-e", String(epoch));
        if (next !== null) {
          // The status of transactions is kept in files of 32 blocks; the one of the new id is made by hand.
          await resetwal("-x", String(next), "-u", "3");
          const file = `${server.dataFolder}/pg_xact/${Math.floor(next / 1_048_576)
            .toString(16)
            .toUpperCase()
            .padStart(4, "0")}`;
          await run(
            server.asOwner(["dd", "if=/dev/zero", `of=${file}`, "bs=8192", "count=32", "status=none"]),
          );
        }
        await server.startAgain();
      }
      await site.sql("INSERT INTO t VALUES('old')");
      const at = await now(site);
      if (epoch !== null) expect(BigInt(at.split(":")[1] ?? "0")).toBeGreaterThan(BigInt(epoch) << 32n);
      for (const name of ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])
        await site.sql(`INSERT INTO t VALUES('${name}')`);
      const later = await now(site);
      expect(await written(site, at)).toBe("a b c d e f g h i j");
      if (next !== null) expect(BigInt(later.split(":")[1] ?? "0") >> 32n).toBe(BigInt(epoch ?? 0) + 1n);
      expect(await written(site, later)).toBe("");
    },
    patience,
  );

  test(
    "include those of a savepoint in a transaction that was open at the snapshot",
    async () => {
      const server = await postgresBed();
      const site = await makeSite(server);
      await site.sql("CREATE TABLE t(name text)");
      const open = good(await site.context().app.connect());
      good(
        await open.query("BEGIN; INSERT INTO t VALUES('top'); SAVEPOINT s; INSERT INTO t VALUES('inside')"),
      );
      await site.sql("INSERT INTO t VALUES('between')");
      const at = await now(site);
      expect(at.split(":")[0]).not.toBe(at.split(":")[1]);
      good(await open.query("COMMIT"));
      await open.close();
      await site.sql("INSERT INTO t VALUES('after')");
      // PostgreSQL itself takes the row of the savepoint for an older one.
      expect(
        await site.sql(
          `SELECT string_agg(name, ' ' ORDER BY name) FROM t WHERE NOT pg_visible_in_snapshot(xmin::text::xid8, '${at}')`,
        ),
      ).toBe("after top");
      expect(await written(site, at)).toMatch(/after.*inside.*top/);
    },
    patience,
  );

  test(
    "cannot be told after the server was put back to an earlier time",
    async () => {
      const server = await postgresBed();
      const site = await makeSite(server);
      const session = good(await site.context().app.connect());
      const problem = bad(
        await writtenSince(session, { at: "9999999:9999999:", backup: null, migrated: [] }),
      );
      expect(problem.what).toMatch(/earlier time/);
      await session.close();
    },
    patience,
  );
});
