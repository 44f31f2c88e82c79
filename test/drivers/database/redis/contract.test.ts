import { onTestFinished, test } from "vitest";
import type { RedisLink } from "../../../../src/ports/redis-link.ts";
import { databaseContract } from "../../../../src/testing/contracts/database.ts";
import { describeWith } from "../../../parts/needs.ts";
import { good, op, storeBed, storeDeps } from "./bed.ts";

const withRedis = await describeWith("redis");

withRedis("a Redis as a database", () => {
  test.each(databaseContract.map((one) => [one.name, one] as const))(
    "%s",
    async (_name, one) => {
      const bed = await storeBed();
      const app = await appOn(bed.redis.port);
      await one.run({
        database: bed.store.database,
        again: async () => bed.again().database,
        op,
        ...app,
      });
    },
    60_000,
  );
});

/** An app that keeps its rows as keys of database 0. */
async function appOn(port: number) {
  let link: RedisLink | null = null;
  let rows = 0;
  const deps = storeDeps(port, null);
  const startApp = async () => {
    const at = good(await deps.reach());
    link = good(await deps.dial.connect(at));
    good(await link.ask([["CLIENT", "SETNAME", "shop"]]));
  };
  const stopApp = async () => link?.close();
  onTestFinished(stopApp);
  await startApp();
  return {
    startApp,
    stopApp,
    write: async (count: number) => {
      const sets = Array.from({ length: count }, () => ["SET", `row:${rows++}`, "value"]);
      good((await link?.ask(sets)) ?? { ok: true, value: [] });
    },
    rows: async () =>
      Number(
        good(
          (await link?.ask([["EVAL", "return #redis.call('KEYS', 'row:*')", "0"]])) ?? {
            ok: true as const,
            value: [],
          },
        )[0],
      ),
  };
}
