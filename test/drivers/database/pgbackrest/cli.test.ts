// As people type it: what is missing, a deploy that waits for its point, back to that point, and a drill.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localProcesses } from "../../../../src/os/processes.ts";
import { run, type Said } from "../../../e2e/bed.ts";
import { bedFolder, laterOn } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type ArchiveBed, archiveBed } from "./bed.ts";

const withBoth = await describeWith("postgres", "pgbackrest");
const limitMs = 420_000;
const processes = localProcesses();

const app = `import { createServer } from "node:http";
createServer((_, answer) => answer.end("well")).listen(process.env.PORT, "127.0.0.1");`;

withBoth("an app whose server archives its WAL", () => {
  const { later, end } = laterOn();
  let bed: ArchiveBed;
  let folder: string;
  const lastgood = (...words: string[]) => run(["--config", join(folder, "lastgood.yml"), ...words]);
  const psql = (sql: string) => bed.server.psql(sql, "shop");

  beforeAll(async () => {
    bed = await archiveBed(later);
    folder = await bedFolder("archive-cli", later);
    later(async () => {
      const edge = await processes.find("LASTGOOD_PROXY", join(folder, "state", "production", "edge"));
      for (const one of [...edge, ...(await processes.find("SHOP_BED", folder))])
        processes.signal(one, "SIGKILL");
    });
    await bed.server.psql("CREATE DATABASE shop");
    await psql(
      "CREATE TABLE orders(id serial PRIMARY KEY, body text); INSERT INTO orders(body) VALUES ('one')",
    );
    await bed.server.psql("CREATE DATABASE neighbour");
    for (const version of ["v1", "v2"]) {
      await mkdir(join(folder, "versions", version), { recursive: true });
      await writeFile(join(folder, "versions", version, "server.mjs"), `${app}\n// ${version}\n`);
    }
    await writeFile(join(folder, ".env"), `DATABASE_URL=${bed.server.url.replace(/postgres$/, "shop")}\n`);
    const [port, own] = [await processes.freePort(), await processes.freePort()];
    const { stanza, configFile, scratch } = bed.config;
    await writeFile(
      join(folder, "lastgood.yml"),
      `app: shop
state: state
environments:
  production:
    services:
      web:
        runtime: process
        source: versions/{version}
        command: ["{node}", server.mjs]
        env: { SHOP_BED: ${folder} }
        health: { path: /, interval: 50ms, timeout: 10s }
    traffic: { kind: proxy, listen: "127.0.0.1:${port}" }
    database:
      kind: postgres
      envFile: .env
      pointInTime: { tool: pgbackrest, stanza: ${stanza}, config: ${configFile}, scratch: ${scratch}, archiveWithin: 5s }
    integrity: [ { name: orders, sql: "SELECT count(*) FROM orders", atLeast: 1 } ]
    watch: { for: 30m, check: 1s }
controller: { listen: "127.0.0.1:${own}" }
`,
    );
  }, limitMs);
  afterAll(end);

  const works = (said: Said): Record<string, unknown> => {
    expect(said.exit, `${said.out}${said.err}`).toBe(0);
    return said.json();
  };

  test("from the first refusal to a restore, and back", { timeout: limitMs }, async () => {
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
