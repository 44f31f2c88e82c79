import { fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { bad, good, makeSite, op, type Site, sql, startApp, value } from "./bed.ts";
import { Crash, crashing, type Fault } from "./crashing.ts";
import { seeded } from "./damage.ts";

const OLD = 30;
const NEW = 10;
/** More calls than any restore or backup makes: the loops must have ended before. */
const CALLS_MAX = 200;
const PATIENCE_MS = 240_000;

test.each<[Fault, boolean]>([
  ["error", true],
  ["before", true],
  ["after", true],
  ["after", false],
])(
  "a restore that fails at any call to the file system (%s, links: %s) is all-old or all-new",
  async (fault, links) => {
    const site = await hotSite();
    const deps = links ? site.deps : withoutLinks(site);
    const seen = { old: 0, new: 0 };
    for (let at = 1; ; at++) {
      expect(at).toBeLessThan(CALLS_MAX);
      site.reset();
      const crash = crashing(deps, at, fault);
      await settled(site.openWith(crash.deps).restore(op("back"), site.backup));
      if (crash.calls() < at) break;
      seen[check(site, "back")]++;
      good(await site.openWith(deps).restore(op("back"), site.backup));
      expect(check(site, "back")).toBe("new");
      if (at % 10 === 0) await returns(site, "back");
    }
    expect(seen.old).toBeGreaterThan(5);
    expect(seen.new).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);

test(
  "a restore that crashes, and crashes again while it is repeated, still ends all-new",
  async () => {
    const site = await hotSite();
    for (let seed = 1; seed <= 40; seed++) {
      site.reset();
      const random = seeded(seed);
      for (let time = 0; time < 3; time++) {
        const at = 1 + Math.floor(random() * 25);
        const crash = crashing(site.deps, at, random() < 0.5 ? "before" : "after");
        await settled(site.openWith(crash.deps).restore(op("back"), site.backup));
        check(site, "back");
      }
      good(await site.open().restore(op("back"), site.backup));
      expect(check(site, "back"), `seed ${seed}`).toBe("new");
      if (seed % 10 === 0) await returns(site, "back");
    }
  },
  PATIENCE_MS,
);

test(
  "after a restore that crashed the app can run, and the next op tidies up",
  async () => {
    const site = await hotSite();
    for (let at = 1; at < CALLS_MAX; at++) {
      site.reset();
      const crash = crashing(site.deps, at, "after");
      await settled(site.openWith(crash.deps).restore(op("back"), site.backup));
      if (crash.calls() < at) break;
      const state = check(site, "back");
      const listed = async () => good(await site.open().backups()).map((one) => one.id);
      if (state === "old") expect(await listed(), `call ${at}`).toEqual([site.backup]);
      // What a copy leaves that was killed half-way; our crashes let each call end.
      const half = join(site.folder, ".app.db.restore-op-back.0123456789ab.part");
      if (existsSync(join(site.backupDir, ".swap-op-back.json"))) writeFileSync(half, "half a copy");
      sql(site.file, "INSERT INTO t VALUES(1)"); // the app runs again, and knows nothing of all this
      good(await site.open().backUp(op("then"), "nightly"));
      expect(value(site.file, "SELECT count(*) FROM t")).toBe((state === "old" ? OLD : NEW) + 1);
      expect(value(site.file, "PRAGMA journal_mode")).toBe("wal");
      expect(strangers(site)).toEqual([]);
      expect((await listed()).includes("before-op-back"), `call ${at}`).toBe(state === "new");
    }
  },
  PATIENCE_MS,
);

test.each<Fault>(["error", "before", "after"])(
  "a backup that fails at any call to the file system (%s) exists whole or not at all",
  async (fault) => {
    const site = await hotSite();
    for (let at = 1; ; at++) {
      expect(at).toBeLessThan(CALLS_MAX);
      site.reset();
      const crash = crashing(site.deps, at, fault);
      await settled(site.openWith(crash.deps).backUp(op("again"), "nightly"));
      if (crash.calls() < at) break;
      const database = site.open();
      const first = good(await database.backups()).find((one) => one.op === "op-again");
      if (first) good(await database.rehearse(first.id));
      const second = good(await database.backUp(op("again"), "nightly"));
      if (first) expect(second).toEqual(first);
      expect(second.rows["t"]).toBe(OLD);
      expect(strangers(site)).toEqual([]);
      expect(readdirSync(site.backupDir).filter((name) => name.includes(".part"))).toEqual([]);
    }
  },
  PATIENCE_MS,
);

test(
  "a process that restores is killed at 20 random moments: all-old or all-new, and the repeat completes it",
  async () => {
    const site = await hotSite("INSERT INTO filler SELECT randomblob(1000000) FROM t, t AS u LIMIT 12;");
    const seed = Number(process.env["LASTGOOD_SEED"] ?? 1);
    const random = seeded(seed);
    const wholeMs = await wholeRestore(site);
    const seen = { old: 0, new: 0 };
    for (let round = 1; round <= 20; round++) {
      site.reset();
      await killedRestore(site, random() * wholeMs * 1.1);
      const state = check(site, "back");
      seen[state]++;
      good(await site.open().restore(op("back"), site.backup));
      expect(check(site, "back"), `seed ${seed}, round ${round}, was all-${state}`).toBe("new");
      await returns(site, "back");
    }
    // Kills that all came too late would prove nothing.
    expect(seen.old, `seed ${seed}: ${JSON.stringify(seen)}`).toBeGreaterThan(0);
  },
  PATIENCE_MS,
);

test("a rehearsal that crashed leaves nothing once the next one ran", async () => {
  const site = await hotSite();
  for (let at = 1; at < CALLS_MAX; at++) {
    const crash = crashing(site.deps, at, "after");
    await settled(site.openWith(crash.deps).rehearse(site.backup));
    if (crash.calls() < at) break;
    good(await site.open().rehearse(site.backup));
    expect(strangers(site)).toEqual([]);
  }
});

test("what a damaged database had beside it comes back when its restore did not happen", async () => {
  const site = await hotSite();
  const seen = { old: 0, new: 0 };
  for (let at = 1; at < CALLS_MAX; at++) {
    site.reset();
    for (const end of ["", "-wal"]) writeFileSync(`${site.file}${end}`, `damaged${end}`);
    rmSync(`${site.file}-shm`, { force: true });
    const crash = crashing(site.deps, at, "after");
    await settled(site.openWith(crash.deps).restore(op("back"), site.backup));
    if (crash.calls() < at) break;
    const swapped = statSync(site.file).size > 100;
    seen[swapped ? "new" : "old"]++;
    if (swapped) {
      expect(existsSync(`${site.file}-wal`)).toBe(false);
      expect(value(site.file, "SELECT count(*) FROM t")).toBe(NEW);
    } else {
      const busy = site.open({ openedBy: async () => [1] });
      expect(bad(await busy.restore(op("other"), site.backup)).code).toBe("busy");
    }
    const now = swapped ? `${site.file}.before-op-back` : site.file;
    for (const end of ["", "-wal"])
      expect(readFileSync(`${now}${end}`, "utf8"), `call ${at}`).toBe(`damaged${end}`);
    if (!swapped) expect(strangers(site)).toEqual([]);
  }
  expect(Math.min(seen.old, seen.new)).toBeGreaterThan(0);
});

type Hot = Site & {
  readonly backup: string;
  /** Everything as it was at first. */
  reset(): void;
};

/** `NEW` rows backed up, `OLD` rows now, the newest of them in the -wal that a killed app left. */
async function hotSite(more = ""): Promise<Hot> {
  const site = await makeSite();
  const add = (rows: number) =>
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO t SELECT i FROM n;`;
  sql(site.file, `PRAGMA journal_mode=wal; CREATE TABLE t(a); CREATE TABLE filler(b); ${add(NEW)} ${more}`);
  const backup = good(await site.open().backUp(op("backup"), "nightly")).id;
  const app = await startApp(site.file);
  await app.ask({ do: "exec", sql: add(OLD - NEW) });
  await app.kill();
  expect(statSync(`${site.file}-wal`).size).toBeGreaterThan(0);
  const saved = `${site.folder}-saved`;
  cpSync(site.folder, saved, { recursive: true });
  onTestFinished(() => rmSync(saved, { recursive: true, force: true }));
  const reset = () => {
    rmSync(site.folder, { recursive: true });
    cpSync(saved, site.folder, { recursive: true });
  };
  return { ...site, backup, reset };
}

function withoutLinks(site: Site) {
  return {
    ...site.deps,
    swap: { ...site.deps.swap, link: async () => ({ ok: true, value: false }) as const },
  };
}

async function settled(work: Promise<{ ok: boolean }>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof Crash)) throw error;
  }
}

/** What a reader finds under the live name right after the crash, before anything of ours looks at it. */
function check(site: Site, name: string): "old" | "new" {
  // From the bytes: opening it would already take away what a crash left beside it.
  const swapped = readFileSync(site.file).includes(`op-${name}`);
  // A new file with anything of SQLite's beside it is the one thing that must never be.
  const beside = ["-wal", "-shm", "-journal"].filter((end) => existsSync(`${site.file}${end}`));
  if (swapped) expect(beside).toEqual([]);
  expect(value(site.file, "PRAGMA integrity_check")).toBe("ok");
  expect(value(site.file, "SELECT count(*) FROM t")).toBe(swapped ? NEW : OLD);
  if (swapped) expect(value(`${site.file}.before-op-${name}`, "SELECT count(*) FROM t")).toBe(OLD);
  return swapped ? "new" : "old";
}

/** The kept database brings every old row back, in the mode that its app had, and nothing is left over. */
async function returns(site: Hot, name: string): Promise<void> {
  const database = site.open();
  expect(good(await database.marker())).toBe(`op-${name}`);
  good(await database.restore(op(`${name}-return`), `before-op-${name}`));
  expect(value(site.file, "SELECT count(*) FROM t")).toBe(OLD);
  expect(value(site.file, "PRAGMA journal_mode")).toBe("wal");
  expect(strangers(site)).toEqual([]);
}

/** Files that are neither the database, nor a kept one, nor a backup, nor the few bytes of a manifest half written. */
function strangers(site: Site): readonly string[] {
  const ours = (name: string) =>
    name === "backups" || name === basename(site.file) || name.includes(".before-op-");
  const live = readdirSync(site.folder).filter((name) => !ours(name));
  const store = readdirSync(site.backupDir).filter(
    (name) => name.startsWith(".") && name !== ".epoch" && !name.endsWith(".tmp"),
  );
  return [...live, ...store].filter((name) => !name.endsWith("-wal") && !name.endsWith("-shm"));
}

function child(site: Hot) {
  const path = fileURLToPath(new URL("./restore-child.ts", import.meta.url));
  const started = fork(path, [site.file, site.backupDir, "op-back", site.backup], {
    execArgv: [],
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  onTestFinished(() => void started.kill("SIGKILL"));
  return started;
}

/** How long a restore takes that nobody kills, in milliseconds. */
async function wholeRestore(site: Hot): Promise<number> {
  const started = child(site);
  const exited = once(started, "exit");
  await once(started, "message");
  const began = performance.now();
  expect((await once(started, "message"))[0]).toBe("done");
  const took = performance.now() - began;
  await exited;
  return took;
}

async function killedRestore(site: Hot, afterMs: number): Promise<void> {
  const started = child(site);
  const exited = once(started, "exit");
  await once(started, "message");
  await new Promise((resolve) => setTimeout(resolve, afterMs));
  started.kill("SIGKILL");
  await exited;
}
