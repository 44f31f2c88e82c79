// kill -9 of the controller while a moment is had back: what lives stays, and the next attempt clears what was left.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localProcesses } from "../../../../src/os/processes.ts";
import { laterOn, pause } from "../../../parts/bed.ts";
import { describeWith } from "../../../parts/needs.ts";
import { good, op } from "../postgres/site.ts";
import { type ArchiveBed, archiveBed, archivedShop, orders } from "./bed.ts";
import type { Errand } from "./kill-child.ts";

const withBoth = await describeWith("postgres", "pgbackrest");
const childFile = fileURLToPath(new URL("./kill-child.ts", import.meta.url));
const processes = localProcesses();

/** When the controller is killed: a file of the scratch folder that is there by then. */
const moments = [
  ["while pgbackrest restores", "data/PG_VERSION"],
  ["while the copy of the server replays WAL or is read", "run/.s.PGSQL.5432"],
] as const;

withBoth("a controller that is killed while it has a moment back", () => {
  const { later, end } = laterOn();
  let bed: ArchiveBed;

  beforeAll(async () => {
    bed = await archiveBed(later);
  }, 120_000);
  afterAll(end);

  test.for(moments)("%s", { timeout: 180_000 }, async ([when, file]) => {
    const name = file.replaceAll(/\W/g, "-");
    const shop = await archivedShop(bed);
    good(await shop.pointInTime.backUp(op(`set-${name}`)));
    const point = good(await shop.database.backUp(op(`point-${name}`), "before-v2")).id;
    await shop.sql("INSERT INTO orders(body) VALUES ('late')");

    const errand: Errand = {
      ...{ url: shop.config.url.reveal(), backupDir: shop.config.backupDir, archive: bed.config, point },
      op: `op-recall-${name}`,
    };
    const child = spawn(process.execPath, [childFile, JSON.stringify(errand)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    const folder = () => join(bed.config.scratch, readdirSync(bed.config.scratch)[0] ?? "none");
    while (!existsSync(join(folder(), file)) && child.exitCode === null) await pause(2);
    child.kill("SIGKILL");
    await ended;
    expect(child.signalCode, when).toBe("SIGKILL");

    expect(await orders(shop)).toBe("11");
    const left = folder();
    const { token } = JSON.parse(readFileSync(join(left, "lastgood.json"), "utf8")) as { token: string };
    expect(good(await shop.database.backups()).map(({ id }) => id)).toEqual([point]);

    const again = { ...op("x"), id: errand.op };
    const recalled = good(await shop.pointInTime.recall(again, { kind: "point", name: point }));
    expect(recalled.rows).toEqual({ orders: 10 });
    expect(readdirSync(bed.config.scratch)).toEqual([]);
    expect(await processes.find("LASTGOOD_OP", token)).toEqual([]);
    expect(await orders(shop)).toBe("11");
    good(await shop.database.restore(op(`restore-${name}`), recalled.id));
    expect(await orders(shop)).toBe("10");
  });
});
