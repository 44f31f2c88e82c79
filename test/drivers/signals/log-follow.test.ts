import { appendFileSync, copyFileSync, renameSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { limits } from "../../../src/core/limits.ts";
import { value } from "../../proxy/bed.ts";
import { always, collect, type LogBed, line, logBed } from "./log-bed.ts";

let bed: LogBed | null = null;
afterEach(() => {
  bed?.close();
  bed = null;
});

function open(): LogBed {
  bed = logBed("combined", always);
  return bed;
}

const routes = (seen: readonly { route: string }[]) => seen.map(({ route }) => route);

test("from now on: what was there before is not read, what comes is read once, also by a reader that starts anew", async () => {
  const { path, fresh } = open();
  writeFileSync(path, line("/before"));
  const start = value(await fresh().position());
  appendFileSync(path, line("/a") + line("/b"));
  const first = await collect(fresh(), start);
  expect(routes(first.seen)).toEqual(["/a", "/b"]);
  appendFileSync(path, line("/c"));
  const second = await collect(fresh(), first.next);
  expect(routes(second.seen)).toEqual(["/c"]);
  expect(routes((await collect(fresh(), second.next)).seen)).toEqual([]);
});

test("half a line waits for its end", async () => {
  const { path, fresh } = open();
  const start = value(await fresh().position());
  const text = line("/whole");
  appendFileSync(path, text.slice(0, 40));
  const first = await collect(fresh(), start);
  expect(first).toMatchObject({ seen: [], unparsed: 0 });
  appendFileSync(path, text.slice(40));
  expect(await collect(fresh(), first.next)).toMatchObject({ seen: [{ route: "/whole" }], unparsed: 0 });
});

test("a start in the middle of a line skips the rest of that line", async () => {
  const { path, fresh } = open();
  writeFileSync(path, line("/cut").slice(0, 40));
  const start = value(await fresh().position());
  appendFileSync(path, line("/cut").slice(40) + line("/next"));
  expect(await collect(fresh(), start)).toMatchObject({ seen: [{ route: "/next" }], unparsed: 0 });
});

test("rotation by rename: the rest of the old file, late lines in it, then the new one", async () => {
  const { path, fresh, later } = open();
  const start = value(await fresh().position());
  writeFileSync(path, line("/a"));
  const first = await collect(fresh(), start);
  appendFileSync(path, line("/b"));
  renameSync(path, `${path}.1`);
  const gone = await collect(fresh(), first.next);
  expect(gone.seen).toEqual([]);
  expect(gone.blind[0]).toContain("no access log");
  writeFileSync(path, "");
  const second = await collect(fresh(), gone.next);
  expect(routes(second.seen)).toEqual(["/b"]);
  appendFileSync(path, line("/new"));
  const third = await collect(fresh(), second.next);
  // A worker that has not reopened its log yet.
  appendFileSync(`${path}.1`, line("/late"));
  const fourth = await collect(fresh(), third.next);
  expect([...routes(third.seen), ...routes(fourth.seen)]).toEqual(["/new", "/late"]);
  later(60_000);
  const fifth = await collect(fresh(), fourth.next);
  unlinkSync(`${path}.1`);
  appendFileSync(path, line("/on"));
  expect(await collect(fresh(), fifth.next)).toMatchObject({ seen: [{ route: "/on" }], blind: [] });
});

test("a second rotation, while the file of the first is still watched, loses nothing", async () => {
  const { path, fresh } = open();
  const start = value(await fresh().position());
  writeFileSync(path, line("/n"));
  const first = await collect(fresh(), start);
  appendFileSync(path, line("/o"));
  renameSync(path, `${path}.1`);
  writeFileSync(path, line("/p"));
  const second = await collect(fresh(), first.next);
  renameSync(`${path}.1`, `${path}.2`);
  renameSync(path, `${path}.1`);
  writeFileSync(path, line("/q"));
  const third = await collect(fresh(), second.next);
  expect([first, second, third].flatMap(({ seen }) => routes(seen))).toEqual(["/n", "/o", "/p", "/q"]);
});

test("copytruncate: what was copied and not read yet is read from the copy", async () => {
  const { path, fresh } = open();
  const start = value(await fresh().position());
  writeFileSync(path, line("/a") + line("/b"));
  const first = await collect(fresh(), start);
  appendFileSync(path, line("/c"));
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  appendFileSync(path, line("/d?first=different").replace(":36 ", ":59 "));
  const second = await collect(fresh(), first.next);
  expect([...routes(first.seen), ...routes(second.seen)]).toEqual(["/a", "/b", "/c", "/d"]);
  expect(second.blind).toEqual([]);
});

test("copytruncate, and longer than before at the next look: the beginning tells", async () => {
  const { path, fresh } = open();
  const start = value(await fresh().position());
  writeFileSync(path, line("/a"));
  const first = await collect(fresh(), start);
  copyFileSync(path, `${path}.1`);
  truncateSync(path);
  const later = line("/x").replace(":36 ", ":40 ") + line("/y") + line("/z");
  appendFileSync(path, later);
  expect(routes((await collect(fresh(), first.next)).seen)).toEqual(["/x", "/y", "/z"]);
});

test("a file that was taken away before it was read to its end is told", async () => {
  const { path, fresh, dir } = open();
  const start = value(await fresh().position());
  writeFileSync(path, line("/a"));
  const first = await collect(fresh(), start);
  appendFileSync(path, line("/unread"));
  renameSync(path, join(dir, "elsewhere"));
  writeFileSync(path, line("/b"));
  const second = await collect(fresh(), first.next);
  expect(routes(second.seen)).toEqual(["/b"]);
  expect(second.blind[0]).toContain("removed before it was read");
});

test("long lines, NUL bytes, invalid UTF-8 and rubbish are counted, and the lines between are read", async () => {
  const { path, fresh } = open();
  const start = value(await fresh().position());
  const rubbish: readonly (string | Buffer)[] = [
    line("/o"),
    `${"x".repeat(1_100_000)}\n`,
    line("/p"),
    `${"y".repeat(3_000_000)}\n`,
    `${"z".repeat(2 * limits.logReadBytes + 17)}\n`,
    line("/q"),
    Buffer.concat([Buffer.alloc(5_000), Buffer.from("\n")]),
    Buffer.concat([
      Buffer.from('1 - - [10/Oct/2000:13:55:36 +0000] "GET /caf'),
      Buffer.from([0xff, 0xc3, 0xa9]),
      Buffer.from(' HTTP/1.1" 200 1 "-" "-"\n'),
    ]),
    "rubbish\n\n",
    line("/r"),
  ];
  writeFileSync(path, Buffer.concat(rubbish.map((one) => Buffer.from(one))));
  const { seen, unparsed } = await collect(fresh(), start);
  expect(routes(seen)).toEqual(["/o", "/p", "/q", "/caf\ufffdé", "/r"]);
  expect(unparsed).toBe(5);
});

test("a full batch says that there is more, the last one does not", async () => {
  const { path, fresh } = open();
  const start = value(await fresh().position());
  writeFileSync(path, line("/a").repeat(Math.ceil((1.5 * limits.logReadBytes) / line("/a").length)));
  const first = value(await fresh().observe(start));
  const second = value(await fresh().observe(first.next));
  const third = value(await fresh().observe(second.next));
  expect(first.more).toBe(true);
  expect(second.observations.length).toBeGreaterThan(0);
  expect([third.observations.length, third.more]).toEqual([0, undefined]);
});
