// What every second place must do, whatever it is made of.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import type { Retention } from "../../../../src/core/backups/retention.ts";
import { parseJson } from "../../../../src/core/json.ts";
import type { Progressed } from "../../../../src/core/view/progress.ts";
import type { Shelf } from "../../../../src/drivers/database/second-place/shelf.ts";
import { halfName } from "../../../../src/os/piece-files.ts";
import type { Tell } from "../../../../src/ports/progress.ts";
import { lastTwo, placeOn } from "../second-place-bed.ts";
import { folderFor, largeBytes, type Made, makeBackup, value } from "./backups.ts";
import type { ShelfBed } from "./shelves.ts";

export type PlaceCase = { readonly name: string; run(bed: ShelfBed): Promise<void> };

/** The cases share a place, and must not tidy up each other's copies. */
const all: Retention = { newest: 100, daily: 0, weekly: 0, monthly: 0 };

function keepsAll(shelf: Shelf, folder: string, tell?: Tell) {
  return placeOn(shelf, folder, { keep: all, ...(tell ? { tell } : {}) });
}

export const placeContract: readonly PlaceCase[] = [
  { name: "a place that is not there is said, and nothing is made in its stead", run: notThere },
  { name: "kept, listed, and fetched into an empty folder: every byte, and its manifest", run: thereAndBack },
  { name: "a large file goes and comes in pieces, and how far it is is told in bytes", run: inPieces },
  { name: "a copy without its record is none, and is made whole by the next time", run: withoutRecord },
  { name: "once whole it is not sent again; what a drill proved stays proved", run: convergent },
  { name: "kept by what lies there: the newest, and the last proved one", run: retention },
  { name: "what broke off and nobody goes on with is tidied up; what is not ours stays", run: leftovers },
  {
    name: "bytes that changed there are found when they are fetched, and become no backup",
    run: changedThere,
  },
  {
    name: "a fetch goes on with half a file, and begins anew where that half is of another",
    run: halfFetched,
  },
  { name: "names that lead elsewhere are refused", run: foreignNames },
];

async function notThere({ absent }: ShelfBed): Promise<void> {
  const { backup, files } = await makeBackup("one", 1);
  const place = keepsAll(absent, await folderFor("empty"));
  for (const said of [await place.keep(backup, files, false), await place.list(), await place.fetch("one")])
    expect(said).toMatchObject({ ok: false, error: { code: "missing", where: expect.any(String) } });
}

async function thereAndBack({ shelf }: ShelfBed): Promise<void> {
  const made = await makeBackup("there-and-back", 7);
  const empty = await folderFor("empty");
  const place = keepsAll(shelf, join(empty, "backups"));
  value(await place.keep(made.backup, made.files, true));
  const { op: _, ...known } = made.backup;
  expect(value(await place.list())).toContainEqual({ ...known, proved: true });
  expect(value(await place.fetch("there-and-back"))).toEqual({ ...known, proved: true });
  isAllThere(join(empty, "backups"), made);
  const sums = value(await shelf.read("there-and-back/SHA256SUMS", 0, 10_000)).toString();
  expect(sums.split("\n").slice(0, -1)).toHaveLength(made.files.length);
  expect(sums).toMatch(/^[0-9a-f]{64} {2}there-and-back\/toc\.dat$/m);
}

function isAllThere(folder: string, { content, backup }: Made): void {
  for (const [name, bytes] of content)
    expect(readFileSync(join(folder, name)).equals(bytes), name).toBe(true);
  expect(readdirSync(folder).sort()).toEqual([backup.id, `${backup.id}.manifest.json`]);
}

async function inPieces({ shelf }: ShelfBed): Promise<void> {
  const made = await makeBackup("large", 1, largeBytes);
  const empty = await folderFor("empty");
  const told: Progressed[] = [];
  const place = keepsAll(shelf, empty, (one) => told.push(one));
  value(await place.keep(made.backup, made.files, false));
  value(await place.fetch("large"));
  isAllThere(empty, made);
  for (const doing of ["copying large to", "fetching large from"]) {
    const own = told.filter(({ what }) => what.startsWith(doing));
    expect(own.map(({ done }) => done)).toEqual(own.map(({ done }) => done).toSorted((a, b) => a - b));
    expect(own.at(-1)).toMatchObject({ unit: "bytes", done: made.backup.bytes, total: made.backup.bytes });
    expect(own.filter(({ done }) => done > 0 && done < largeBytes).length).toBeGreaterThanOrEqual(2);
  }
}

async function withoutRecord({ shelf }: ShelfBed): Promise<void> {
  const { backup, files } = await makeBackup("half", 1);
  const place = keepsAll(shelf, await folderFor("empty"));
  value(await place.keep(backup, files, false));
  value(await shelf.drop("half/backup.json"));
  value(await shelf.write("half/half/toc.dat", "not what it was"));
  expect(value(await place.list()).map(({ id }) => id)).not.toContain("half");
  expect(await place.fetch("half")).toMatchObject({ ok: false, error: { code: "missing" } });
  value(await place.keep(backup, files, false));
  expect(value(await place.fetch("half")).id).toBe("half");
}

async function convergent({ shelf }: ShelfBed): Promise<void> {
  const { backup, files } = await makeBackup("again", 1);
  const place = keepsAll(shelf, await folderFor("empty"));
  value(await place.keep(backup, files, false));
  value(await place.keep(backup, [], true));
  value(await place.keep(backup, [], false));
  expect(value(await place.fetch("again")).proved).toBe(true);
}

async function retention({ shelf }: ShelfBed): Promise<void> {
  const place = placeOn(shelf, await folderFor("empty"), { keep: lastTwo });
  for (const [at, id] of ["r1", "r2", "r3", "r4"].entries()) {
    const { backup, files } = await makeBackup(id, 10_000_000 + at);
    value(await place.keep(backup, files, id === "r1"));
  }
  const kept = value(await place.list()).filter(({ id }) => id.startsWith("r"));
  expect(kept.map(({ id, proved }) => [id, proved])).toEqual([
    ["r4", false],
    ["r3", false],
    ["r1", true],
  ]);
  expect(value(await shelf.ids())).not.toContain("r2");
}

async function leftovers({ shelf }: ShelfBed): Promise<void> {
  value(await shelf.write("broke-off/unfinished.json", '{"at": 5}'));
  value(await shelf.write("broke-off/broke-off/toc.dat", "half"));
  value(await shelf.write("younger/unfinished.json", '{"at": 50000000}'));
  value(await shelf.write("photos/family.txt", "not ours"));
  const { backup, files } = await makeBackup("whole", 20_000_000);
  value(await keepsAll(shelf, await folderFor("empty")).keep(backup, files, false));
  const ids = value(await shelf.ids());
  expect(ids).toEqual(expect.arrayContaining(["photos", "whole", "younger"]));
  expect(ids).not.toContain("broke-off");
}

async function changedThere({ shelf }: ShelfBed): Promise<void> {
  const { backup, files } = await makeBackup("changed", 9_000_000);
  const folder = await folderFor("empty");
  const place = keepsAll(shelf, folder);
  value(await place.keep(backup, files, false));
  value(await shelf.write("changed/changed/toc.dat", "x".repeat(100)));
  expect(await place.fetch("changed")).toMatchObject({ ok: false, error: { code: "damaged" } });
  value(await shelf.write("changed/changed/toc.dat", "shorter"));
  expect(await place.fetch("changed")).toMatchObject({ ok: false, error: { code: "damaged" } });
  expect(existsSync(join(folder, "changed", "toc.dat"))).toBe(false);
  expect(existsSync(join(folder, "changed.manifest.json"))).toBe(false);
}

async function halfFetched({ shelf }: ShelfBed): Promise<void> {
  const made = await makeBackup("halves", 9_000_001, 50_000);
  const folder = await folderFor("empty");
  const place = keepsAll(shelf, folder);
  value(await place.keep(made.backup, made.files, false));
  const toc = join(folder, "halves", "toc.dat");
  await mkdir(join(folder, "halves"), { recursive: true });
  await writeFile(halfName(toc), (made.content.get("halves/toc.dat") ?? Buffer.alloc(0)).subarray(0, 20_000));
  await writeFile(halfName(join(folder, "halves", "3456.dat.gz+sealed")), "of another file");
  value(await place.fetch("halves"));
  isAllThere(folder, made);
  expect(await readdir(join(folder, "halves"))).toHaveLength(3);
}

async function foreignNames({ shelf }: ShelfBed): Promise<void> {
  const { backup, files } = await makeBackup("foreign", 9_000_002);
  const folder = await folderFor("empty");
  const place = keepsAll(shelf, folder);
  value(await place.keep(backup, files, false));
  expect(await place.fetch("../foreign")).toMatchObject({ ok: false, error: { code: "missing" } });
  const record = parseJson(value(await shelf.read("foreign/backup.json", 0, 10_000)).toString()) as {
    files: { name: string }[];
  };
  for (const name of ["other.manifest.json", "../outside", "foreign/../../outside", "/etc/x"]) {
    const [first, ...rest] = record.files;
    const lying = { ...record, files: [{ ...first, name }, ...rest] };
    value(await shelf.write("foreign/backup.json", JSON.stringify(lying)));
    expect(await place.fetch("foreign")).toMatchObject({ ok: false, error: { code: /missing|refused/ } });
  }
  expect(readdirSync(folder)).toEqual([]);
}
