// Backups, drills and restores as people type them, on a live shop with a SQLite database.

import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startLoad } from "../../src/demo/load/load.ts";
import { countLostWrites } from "../../src/demo/load/lost-writes.ts";
import { type Bed, makeBed, readJournalCopy } from "./bed.ts";

const limitMs = 240_000;
let bed: Bed;

const sections = `    backups: { every: 24h, second: { kind: folder, path: second } }
    integrity:
      - { name: orders-of-nobody, sql: "SELECT count(*) FROM orders WHERE account NOT IN (SELECT id FROM accounts)", equals: 0 }
      - { name: products, sql: "SELECT count(*) FROM products", atLeast: 1 }`;

beforeAll(async () => {
  bed = await makeBed({ extra: sections });
  mkdirSync(join(bed.folder, "second"));
  await works("deploy", "v1", "--yes", "--no-wait");
}, limitMs);

afterAll(async () => {
  await bed?.close();
}, limitMs);

async function works(...words: string[]): Promise<Record<string, unknown>> {
  const said = await bed.lastgood(...words, "--json");
  expect(said.exit, `${words.join(" ")}: ${said.out}${said.err}`).toBe(0);
  return said.json();
}

async function shopping(seed: number, meanwhile: () => Promise<void>) {
  const load = startLoad({ url: bed.url, perSecond: 60, clients: 8, seed, websocket: false });
  try {
    await meanwhile();
  } finally {
    await load.stop();
  }
  return load.stop();
}

const orders = () => {
  const db = new DatabaseSync(join(bed.folder, "data", "shop.db"), { readOnly: true });
  try {
    return Number(db.prepare("SELECT count(*) AS n FROM orders").get()?.["n"]);
  } finally {
    db.close();
  }
};

const untilOrders = async (count: number) => {
  while (orders() < count) await new Promise((resolve) => setTimeout(resolve, 50));
};

type Backup = {
  id: string;
  drilled: { ms: number; problem: string | null } | null;
  rows: number;
  kind: string;
};

test(
  "a backup is taken while people shop, copied and read back, and says that it was never drilled",
  async () => {
    let taken: Record<string, unknown> = {};
    const report = await shopping(1, async () => {
      await untilOrders(5);
      taken = await works("backup", "now");
    });
    expect(report.lost).toEqual([]);
    expect(taken["means"]).toContain("never drilled");
    const { id } = taken["backup"] as Backup;
    const copy = join(bed.folder, "second", id);
    expect(readdirSync(copy).sort()).toEqual(["SHA256SUMS", "backup.json", `${id}.json`, `${id}.sqlite`]);
    expect(readFileSync(join(copy, "SHA256SUMS"), "utf8")).toMatch(/^[0-9a-f]{64} {2}by-hand-/);
    const list = await bed.lastgood("backup", "list");
    expect(list.out).toMatch(new RegExp(`${id}.*never`));
    expect(list.out).toContain(`lie at ${join(bed.folder, "second")} too`);
    // The folder of backups is lost: what lies at the second place is shown, and fetched by whoever asks for it.
    const backups = join(bed.folder, "state", "production", "backups");
    rmSync(join(backups, `${id}.json`));
    rmSync(join(backups, `${id}.sqlite`));
    const lost = await bed.lastgood("backup", "list");
    expect(lost.out).toMatch(new RegExp(`Only at .*second[^]*${id}`));
    const verified = await works("backup", "verify", id);
    expect(verified["what"]).toContain("is whole");
    expect(readJournalCopy(bed).filter((fact) => fact.type === "backup.fetched")).toHaveLength(1);
  },
  limitMs,
);

test(
  "a plan before any drill says that the time is not known; after one it has the measured time",
  async () => {
    const before = await works("restore", "--plan");
    expect(before["takesMs"]).toBeNull();
    expect((before["about"] as string[]).join("\n")).toContain("never drilled on this server");
    const drill = await works("drill");
    expect(drill["ms"]).toBeGreaterThan(0);
    expect(drill["integrity"]).toEqual({ checks: 2, failures: [], unknown: null });
    expect(drill["means"]).toContain("No release was tried on the restored copy");
    const after = await works("restore", "--plan");
    expect(after["takesMs"]).toBe(drill["ms"]);
    const facts = readJournalCopy(bed).filter((fact) => fact.type === "drill.done");
    expect(facts.map((fact) => fact.data["ms"])).toEqual([drill["ms"]]);
  },
  limitMs,
);

test(
  "a restore under load holds requests, loses none, tells what was written since, and is taken back whole",
  async () => {
    const { backup } = (await works("backup", "now")) as { backup: Backup };
    const at = orders();
    let plan: Record<string, unknown> = {};
    const report = await shopping(2, async () => {
      await untilOrders(at + 5);
      plan = await works("restore", backup.id, "--plan");
      await works("restore", backup.id, "--yes");
    });
    expect(report.lost).toEqual([]);
    const written = plan["writtenSince"] as { table: string; rows: number }[];
    expect(written.find((one) => one.table === "orders")?.rows).toBeGreaterThanOrEqual(5);
    const gone = await countLostWrites(bed.url, report.acknowledgedWrites);
    expect(gone.ok && gone.value.missing.length).toBeGreaterThan(0);

    const undo = await works("restore", "--undo", "--plan");
    expect((undo["backup"] as Backup).kind).toBe("kept");
    const sinceThen = report.acknowledgedWrites.length - (gone.ok ? gone.value.missing.length : 0);
    const again = undo["writtenSince"] as { table: string; rows: number }[];
    expect(again.find((one) => one.table === "orders")?.rows ?? 0).toBe(sinceThen);
    await works("restore", "--undo", "--yes");
    const back = await countLostWrites(bed.url, report.acknowledgedWrites);
    // What was written into the restored one is in what the undo kept.
    expect(back.ok && back.value.missing.length).toBe(sinceThen);
    expect((await fetch(`${bed.url}/products`)).status).toBe(200);
  },
  limitMs,
);

test(
  "without a terminal and without --yes nothing is restored: exit 4, with the name that is to be typed",
  async () => {
    const asked = await bed.lastgood("restore", "--json");
    expect(asked.exit).toBe(4);
    expect(asked.json()["database"]).toBe("shop.db");
  },
  limitMs,
);

test(
  "a database that broke so badly that the app died is restored, and the app serves again",
  async () => {
    const { backup } = (await works("backup", "now")) as { backup: Backup };
    const running = (await works("status"))["environments"] as { running: { instance: string }[] }[];
    expect(running[0]?.running).toHaveLength(1);
    const opened = await bed.open();
    try {
      const site = opened.app.sites.get("production");
      const live = await site?.world.runtime.instances("web");
      if (!site || !live?.ok) throw new Error("no instances");
      const op = {
        id: "op-test-kill",
        epoch: opened.app.deps.ledger.journal.epoch(),
        signal: new AbortController().signal,
      };
      for (const one of live.value)
        if (one.state === "running") await site.world.runtime.stop(op, one, 3_000);
    } finally {
      opened.close();
    }
    writeFileSync(join(bed.folder, "data", "shop.db"), "not a database any more, by whoever did that");
    await works("restore", backup.id, "--yes");
    expect((await fetch(`${bed.url}/products`)).status).toBe(200);
    const list = (await works("backup", "list"))["backups"] as (Backup & { damaged: string | null })[];
    expect(list.find((one) => one.kind === "kept")?.damaged).toMatch(/not a database/);
  },
  limitMs,
);

test(
  "a file from elsewhere is known by its content: a dump of another database and a text are refused",
  async () => {
    const text = join(bed.folder, "dump.sql");
    writeFileSync(text, "-- PostgreSQL database dump\n");
    const refused = await bed.lastgood("restore", text, "--plan", "--json");
    expect(refused.exit).toBe(1);
    expect(refused.json()["what"]).toContain("is no SQLite database");
    const other = join(bed.folder, "other.db");
    const db = new DatabaseSync(other);
    db.exec("CREATE TABLE invoices (id INTEGER); INSERT INTO invoices VALUES (1)");
    db.close();
    const before = orders();
    const foreign = await bed.lastgood("restore", other, "--yes", "--json");
    expect(foreign.exit).toBe(1);
    expect(foreign.json()["what"]).toContain("is of another database");
    expect(foreign.json()["means"]).toContain("The database is as it was");
    expect(orders()).toBe(before);
    const copied = join(bed.folder, "second");
    const [first = ""] = readdirSync(copied);
    const own = join(copied, first, `${first}.sqlite`);
    await works("restore", own, "--yes");
    await works("restore", "--undo", "--yes");
  },
  limitMs,
);

test(
  "broken data fails the drill and backup verify, and is in the journal",
  async () => {
    const db = new DatabaseSync(join(bed.folder, "data", "shop.db"), { timeout: 5_000 });
    db.exec(
      "PRAGMA foreign_keys=OFF; UPDATE orders SET account = -1 WHERE rowid = (SELECT min(rowid) FROM orders)",
    );
    db.close();
    const { backup } = (await works("backup", "now")) as { backup: Backup };
    const drill = await bed.lastgood("drill", backup.id, "--json");
    expect(drill.exit).toBe(1);
    expect(drill.json()["what"]).toContain("orders-of-nobody: it answered 1 instead of 0");
    const verify = await bed.lastgood("backup", "verify", "--json");
    expect(verify.exit).toBe(1);
    expect(verify.json()["what"]).toContain("is whole");
    const facts = readJournalCopy(bed).map((fact) => fact.type);
    expect(facts).toContain("drill.failed");
    expect(facts).toContain("integrity.failed");
    expect((await works("backup", "show", backup.id))["means"]).toContain("its drill");
  },
  limitMs,
);

test(
  "one bit of a backup flipped: verify and drill say so, and nothing is restored from it",
  async () => {
    const { backup } = (await works("backup", "now")) as { backup: Backup };
    const file = join(bed.stateDir, "production", "backups", `${backup.id}.sqlite`);
    const bytes = readFileSync(file);
    bytes[bytes.length - 100] = (bytes[bytes.length - 100] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const verify = await bed.lastgood("backup", "verify", backup.id, "--json");
    expect(verify.exit).toBe(1);
    expect(verify.json()["what"]).toContain("sha256");
    const drill = await bed.lastgood("drill", backup.id, "--json");
    expect(drill.exit).toBe(1);
    const before = orders();
    const restore = await bed.lastgood("restore", backup.id, "--yes", "--json");
    expect(restore.exit).toBe(1);
    expect(orders()).toBe(before);
    expect((await fetch(`${bed.url}/products`)).status).toBe(200);
  },
  limitMs,
);
