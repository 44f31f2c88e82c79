// The controller is killed at an act of a backup or a restore: what is there then is all old or all new, and the next
// controller finishes it, or does it again, with the same end.
import { execFile } from "node:child_process";
import { join } from "node:path";
import { expect } from "vitest";
import { localProcesses } from "../../../../src/os/processes.ts";
import type { RedisLink } from "../../../../src/ports/redis-link.ts";
import { type Later, laterOn } from "../../../parts/bed.ts";
import { connected, good, op, type StoreBed, storeBed } from "./bed.ts";
import type { Errand } from "./kill-child.ts";

export type Case = { readonly at: Errand["at"]; readonly phase: Errand["phase"] };

/** How many acts there are when nothing kills. */
export const actsOf = (verb: Errand["verb"]) => inBed((bed) => actsIn(verb, bed));

async function actsIn(verb: Errand["verb"], bed: Prepared): Promise<number> {
  const ended = await child(errandOf(bed, verb, { at: 0, phase: "before" }));
  const said = JSON.parse(ended.stdout) as { ok: boolean; acts: number; why: string | null };
  expect(said).toMatchObject({ ok: true, why: null });
  return said.acts;
}

export const killedRestore = (one: Case) => inBed((bed) => restoreKilledAt(one, bed));
export const killedBackup = (one: Case) => inBed((bed) => backupKilledAt(one, bed));

/** Many cases are one test: each ends what it started. */
async function inBed<T>(work: (bed: Prepared) => Promise<T>): Promise<T> {
  const { later, end } = laterOn();
  try {
    return await work(await prepared(later));
  } finally {
    await end();
  }
}

async function restoreKilledAt(one: Case, bed: Prepared): Promise<void> {
  const ended = await child(errandOf(bed, "restore", one));
  expect(ended.signal).toBe("SIGKILL");
  const there = await allOf(bed.link);
  expect([bed.old, bed.then], "all old or all new").toContainEqual(there);

  const { database } = bed.again("stay");
  const applied = good(await database.marker()) === "back";
  expect(applied).toBe(JSON.stringify(there) === JSON.stringify(bed.then));
  if (applied)
    expect(
      good(await database.backups()).map(({ id }) => id),
      "its way back is known at once",
    ).toContain("before-back");
  const { kept } = good(await database.restore(op("back"), bed.backup));
  expect(await allOf(bed.link)).toEqual(bed.then);
  await bed.link.ask([["SET", "later", "1"]]);
  expect(good(await database.restore(op("back"), bed.backup)), "a second time nothing happens").toEqual({
    kept,
  });
  expect(good(await bed.link.ask([["GET", "later"]]))[0]).toEqual(Buffer.from("1"));
  good(await database.restore(op("undo"), kept));
  expect(await allOf(bed.link), "nothing of what was there was lost").toEqual(bed.old);
  expect(await bed.redis.cli("INFO", "keyspace"), "nothing of ours is left beside").not.toMatch(/db1\d:/);
  await nothingRuns(bed);
}

async function backupKilledAt(one: Case, bed: Prepared): Promise<void> {
  const ended = await child(errandOf(bed, "backup", one));
  expect(ended.signal).toBe("SIGKILL");
  expect(await allOf(bed.link)).toEqual(bed.old);
  const { database } = bed.again("stay");
  const made = good(await database.backUp(op("again"), "nightly"));
  expect(good(await database.backups()).every(({ damaged }) => damaged === undefined)).toBe(true);
  await bed.link.ask([["FLUSHALL"]]);
  good(await database.restore(op("then"), made.id));
  expect(await allOf(bed.link)).toEqual(bed.old);
  await nothingRuns(bed);
}

type Prepared = StoreBed & {
  readonly link: RedisLink;
  readonly backup: string;
  readonly then: readonly string[];
  readonly old: readonly string[];
};

async function prepared(later: Later): Promise<Prepared> {
  const bed = await storeBed({}, later);
  const link = await connected(bed.redis.port, null, later);
  good(
    await link.ask([
      ["MSET", "a", "then", "b", "then"],
      ["SELECT", "2"],
      ["SET", "c", "then"],
      ["SELECT", "0"],
    ]),
  );
  const { id } = good(await bed.store.database.backUp(op("first"), "nightly"));
  const then = await allOf(link);
  good(
    await link.ask([
      ["SET", "a", "old"],
      ["DEL", "b"],
      ["SELECT", "4"],
      ["SET", "d", "old"],
      ["SELECT", "0"],
    ]),
  );
  return { ...bed, link, backup: id, then, old: await allOf(link) };
}

/** Of the databases that the app uses. */
async function allOf(link: RedisLink): Promise<readonly string[]> {
  const keys = ["a", "b", "c", "d"];
  const found: string[] = [];
  for (const db of ["0", "2", "4"]) {
    const [, values] = good(
      await link.ask([
        ["SELECT", db],
        ["MGET", ...keys],
      ]),
    );
    found.push(...keys.map((key, at) => `${db} ${key} ${String((values as readonly unknown[])[at])}`));
  }
  good(await link.ask([["SELECT", "0"]]));
  return found;
}

function errandOf({ redis, backupDir, backup }: Prepared, verb: Errand["verb"], one: Case): Errand {
  const what = verb === "backup" ? "nightly" : backup;
  return { port: redis.port, backupDir, verb, op: verb === "backup" ? "second" : "back", what, ...one };
}

type Ended = { readonly stdout: string; readonly signal: string | null };

function child(errand: Errand): Promise<Ended> {
  const script = join(import.meta.dirname, "kill-child.ts");
  return new Promise((resolve) => {
    execFile(process.execPath, [script, JSON.stringify(errand)], (error, stdout) =>
      resolve({ stdout, signal: error?.signal ?? null }),
    );
  });
}

/** A scratch server that outlived the child is ended by whoever comes next. */
async function nothingRuns({ backupDir, again }: Prepared): Promise<void> {
  good(await again("stay").database.position());
  const processes = localProcesses();
  const names = (await (await import("node:fs/promises")).readdir(backupDir)).filter((one) =>
    one.startsWith("scratch-"),
  );
  for (const name of names)
    expect(await processes.find("LASTGOOD_REDIS_SCRATCH", join(backupDir, name))).toEqual([]);
  expect(names).toEqual([]);
}
