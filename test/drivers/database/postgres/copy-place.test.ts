// A copy as a place to send a release to: who is seen there, who is seen in the live database, and who may look.
import { afterAll, beforeAll, expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import { copyPlace } from "../../../../src/drivers/database/postgres/copy-place.ts";
import { openSql } from "../../../../src/os/sql-pg.ts";
import { laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type PostgresBed, postgresBed } from "../../../parts/postgres.ts";
import { bad, good, makeSite } from "./site.ts";

const withPostgres = await describeWith("postgres");
const patience = 120_000;
const mark = "lastgood-try";

withPostgres("a copy that a release is sent to", () => {
  const { later, end } = laterOn();
  let server: PostgresBed;

  beforeAll(async () => {
    server = await postgresBed({}, later);
  }, patience);
  afterAll(end);

  test("sessions are told apart, also those that are over, and those that go elsewhere", {
    timeout: patience,
  }, async () => {
    const site = await makeSite(server);
    const copy = `${site.database}_copy`;
    await server.psql(`CREATE DATABASE ${copy}`);
    await server.psql(`REVOKE ALL ON DATABASE ${copy} FROM PUBLIC`);
    const desk = good(await openSql(secret(server.url)).connect());
    const context = site.context();
    const place = copyPlace(context, desk, copy);
    expect((await context.app.connect(copy)).ok).toBe(false);
    good(await place.open());
    expect(good(await place.seen(mark, []))).toEqual({ copy: 0, live: 0 });

    const short = good(await context.app.connect(copy));
    await short.close();
    await expect.poll(async () => good(await place.seen(mark, [])).copy).toBeGreaterThan(0);

    const other = good(await context.app.connect());
    const asked = good(await other.query("SELECT inet_client_port() AS port"));
    const port = Number(asked.rows[0]?.["port"]);
    expect(good(await place.seen(mark, [])).live).toBe(0);
    const live = async (address: string, from: number | null) =>
      good(await place.seen(mark, [{ address, port: from }])).live;
    expect(await live("127.0.0.1", port)).toBe(1);
    expect(await live("127.0.0.1", 1)).toBe(0);
    expect(await live("127.0.0.1", null)).toBe(1);
    good(await other.query(`SET application_name = '${mark}'`));
    expect(good(await place.seen(mark, [])).live).toBe(1);
    await other.close();
    await desk.close();
  });

  test("who may not see whose session it is sends nobody", { timeout: patience }, async () => {
    const site = await makeSite(server);
    await server.psql("CREATE ROLE looker LOGIN PASSWORD 'looker'");
    const url = server.url.replace(/\/\/[^@]*@/, "//looker:looker@");
    const desk = good(await openSql(secret(url)).connect());
    const refused = bad(await copyPlace(site.context(), desk, "postgres").open());
    expect(refused).toMatchObject({
      code: "refused",
      next: expect.stringContaining('GRANT pg_read_all_stats TO "looker"'),
    });
    await desk.close();
  });
});
