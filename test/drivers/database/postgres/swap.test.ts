import { afterAll, beforeAll, expect, test } from "vitest";
import { keptName } from "../../../../src/drivers/database/postgres/names.ts";
import { openContext } from "../../../../src/drivers/database/postgres/open.ts";
import { restore } from "../../../../src/drivers/database/postgres/restore/run.ts";
import { marker } from "../../../../src/drivers/database/postgres/swap/probe.ts";
import { settle } from "../../../../src/drivers/database/postgres/swap/settle.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { Crash, crashing, type Fault } from "./crashing-sql.ts";
import { type Shop, shop } from "./shop.ts";
import { good, op } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 240_000;
/** More acts than any restore makes: the loops must have ended before. */
const ACTS_MAX = 120;

withPostgres("an exchange whose controller dies", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;
  beforeAll(async () => {
    server = await postgresBed({ fsync: "off" }, later);
  }, patience);
  afterAll(end);

  /** Dies at its n-th act; false where it ended before. */
  async function dies(site: Shop, at: number, fault: Fault, name: string, id: string): Promise<boolean> {
    const crash = crashing(site.deps, at, fault);
    try {
      await restore(good(openContext(site.config, crash.deps)), op(name), id, { sessions: "end" });
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
    }
    return crash.acts().length >= at;
  }

  test.each<Fault>(["before", "after"])(
    "at any act (%s) of an exchange: all-old or all-new, nobody is locked out after a look, again is all-new",
    async (fault) => {
      const site = await shop(server);
      let kept = good(await restore(site.context(), op("first"), site.backup)).kept;
      let [now, other] = ["10", "20"];
      const seen = { old: 0, new: 0, shut: 0 };
      for (let at = 1; ; at++) {
        expect(at).toBeLessThan(ACTS_MAX);
        const name = `${fault}-${at}`;
        const came = await dies(site, at, fault, name, kept);
        if ((await site.names()).includes(`${site.database} (shut)`)) seen.shut++;
        const isNew = good(await marker(site.context())) === `op-${name}`;
        seen[isNew ? "new" : "old"]++;
        expect(await site.orders(), `act ${at}`).toBe(isNew ? other : now);
        const again = restore(site.context(), op(name), kept, { sessions: "end" });
        kept = good(await again).kept;
        [now, other] = [other, now];
        expect(await site.orders(), `act ${at}`).toBe(now);
        const after = await site.names();
        expect(after).toEqual([site.database, `${keptName(site.database, `op-${name}`)} (shut)`]);
        if (!came) break;
      }
      good(await settle(site.context()));
      expect(await site.names()).toHaveLength(2);
      expect(Math.min(seen.old, seen.new, seen.shut), JSON.stringify(seen)).toBeGreaterThan(0);
    },
    patience,
  );

  test(
    "while a backup is restored beside: all-old, and a second recovery finds nothing to do",
    async () => {
      const site = await shop(server);
      const id = site.backup;
      for (const at of [5, 6, 7, 9, 12, 13, 15, 20, 23]) {
        expect(await dies(site, at, "after", `beside-${at}`, id)).toBe(true);
        expect(await site.orders()).toBe("20");
        expect(good(await marker(site.context()))).toBeNull();
        good(await settle(site.context()));
        const once = await site.names();
        good(await settle(site.context()));
        expect(await site.names()).toEqual(once);
        // What is whole and marked as such waits for its restore; half of one is gone.
        expect(once.length, `act ${at}`).toBe(at < 23 ? 1 : 2);
      }
      good(await restore(site.context(), op("back"), id));
      expect(await site.orders()).toBe("10");
      expect(await site.names()).toHaveLength(2);
    },
    patience,
  );
});
