import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { accessLine, foldRoute } from "../../src/proxy/access-line.ts";
import { AccessLog, logName } from "../../src/proxy/access-log.ts";
import { ask, type Bed, backend, proxyBed, route, tempDir, until } from "./bed.ts";

let dir: string;
beforeEach(() => {
  dir = tempDir();
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Jumps far between any two looks, so that no pause is waited for. */
function jumpyClock() {
  let elapsed = 0;
  return { now: () => 0, elapsed: () => (elapsed += 10_000) };
}

async function opened(rotateBytes = 1_000_000): Promise<AccessLog> {
  const log = new AccessLog(dir, rotateBytes, jumpyClock());
  await log.open();
  return log;
}

const text = (sequence: number) => readFileSync(join(dir, logName(sequence)), "utf8");

test.each([
  ["/", "/"],
  ["/menu?table=5#x", "/menu"],
  ["/orders/123", "/orders/:id"],
  ["/orders/123/items/4.json", "/orders/:id/items/:id.json"],
  ["/u/6f1f2bd0-9e1b-4a6c-8a52-0d9f5b1c2e3d", "/u/:id"],
  ["/u/6f1f2bd0-9e1b-4a6c-8a52-0d9f5b1c2e3d.png", "/u/:id.png"],
  ["/c/deadbeef01", "/c/:id"],
  ["/assets/app-3f9ac01b77.js", "/assets/app-:id.js"],
  ["/t/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/t/:id"],
  ["/order-20240131/x", "/order-:id/x"],
  ["/api/v2/users", "/api/v2/users"],
  ["/facade/decade", "/facade/decade"],
  ["/h1/mp3", "/h1/mp3"],
  ["*", "*"],
])("the path %s is counted as %s", (path, folded) => expect(foldRoute(path)).toBe(folded));

test("a route has at most 120 characters", () => {
  expect(foldRoute(`/${"x".repeat(5_000)}`)).toHaveLength(120);
  expect(foldRoute(`/${"x1y".repeat(5_000)}`).length).toBeLessThanOrEqual(120);
});

test("a usual line is compact and says nothing that is not so", () => {
  const line = accessLine({
    at: 1_760_000_000_000,
    backend: { release: "v2-3fa8c1d0", instance: "web-v2" },
    client: "0123456789abcdef",
    method: "GET",
    target: "/menu?x=1",
    status: 200,
    ms: 12.3456,
    by: null,
    why: null,
    flags: null,
    aborted: false,
    generation: 3,
  });
  expect(line.length).toBeLessThan(180);
  expect(JSON.parse(line)).toEqual({
    at: 1_760_000_000_000,
    release: "v2-3fa8c1d0",
    instance: "web-v2",
    client: "0123456789abcdef",
    method: "GET",
    route: "/menu",
    status: 200,
    ms: 12.3,
    generation: 3,
  });
});

test("lines that come before the file is open are kept and written", async () => {
  const log = new AccessLog(dir, 1_000_000, jumpyClock());
  log.add("early\n");
  await log.open();
  log.add("late\n");
  await log.close();
  expect(text(1)).toBe("early\nlate\n");
});

test("lines reach the file without anybody closing it", async () => {
  const log = await opened();
  for (let i = 0; i < 100; i += 1) log.add(`${i}\n`);
  await until(() => log.stats().lines === 100);
  expect(text(1)).toBe(Array.from({ length: 100 }, (_, i) => `${i}\n`).join(""));
  expect(log.stats()).toEqual({
    sequence: 1,
    offset: 290,
    lines: 100,
    dropped: 0,
    waitingMs: 0,
    lastError: null,
  });
  await log.close();
});

test("a full file is followed by the next, the former is kept, the one before that goes", async () => {
  const log = await opened(10);
  for (let i = 1; i <= 4; i += 1) {
    log.add(`line number ${i}\n`);
    await until(() => log.stats().lines === i);
  }
  await log.close();
  expect(readdirSync(dir)).toEqual([logName(3), logName(4)]);
  expect([text(3), text(4)]).toEqual(["line number 3\n", "line number 4\n"]);
});

test("a restarted log goes on in the newest file, after ending a line that a crash tore", async () => {
  writeFileSync(join(dir, logName(7)), "whole\nhal");
  const log = await opened();
  log.add("next\n");
  await log.close();
  expect(text(7)).toBe("whole\nhal\nnext\n");
});

function replace(path: string): void {
  rmSync(path);
  writeFileSync(path, "not ours\n");
}

test.each([
  ["removed", (path: string) => rmSync(path)],
  ["emptied", (path: string) => truncateSync(path, 0)],
  ["replaced", replace],
])("a log file that somebody %s is followed by a fresh one", async (_what, damage) => {
  const log = await opened();
  log.add("one\n");
  await until(() => log.stats().lines === 1);
  damage(join(dir, logName(1)));
  log.add("two\n");
  await log.close();
  expect(text(2)).toBe("two\n");
});

test("while the disk does not take lines they wait, and are all written afterwards, once each", async () => {
  const log = await opened(1);
  log.add("one\n");
  await until(() => log.stats().lines === 1);
  // The next file can't be made: a folder has its name.
  mkdirSync(join(dir, logName(2)));
  log.add("two\n");
  await until(() => log.stats().lastError !== null);
  expect(log.stats().waitingMs).toBeGreaterThan(0);
  log.add("three\n");
  expect(text(1)).toBe("one\n");
  rmSync(join(dir, logName(2)), { recursive: true });
  await until(() => log.stats().lines === 3);
  expect(log.stats()).toMatchObject({ dropped: 0, lastError: null, waitingMs: 0 });
  await log.close();
  expect([text(2), text(3)]).toEqual(["two\n", "three\n"]);
});

test("lines beyond the buffer are dropped and counted, not kept in memory", async () => {
  const log = new AccessLog(dir, 1_000_000, jumpyClock());
  const line = `${"x".repeat(1_000_000)}\n`;
  for (let i = 0; i < 6; i += 1) log.add(line);
  expect(log.stats().dropped).toBe(2);
  await log.open();
  await log.close();
  expect(text(1)).toHaveLength(4 * line.length);
});

test("a log that is written to by somebody else still ends its own lines", async () => {
  const log = await opened();
  log.add("one\n");
  await until(() => log.stats().lines === 1);
  appendFileSync(join(dir, logName(1)), "foreign\n");
  log.add("two\n");
  await log.close();
  expect(text(1)).toBe("one\nforeign\ntwo\n");
  expect(existsSync(join(dir, logName(2)))).toBe(false);
});

test("every request has one line with who asked, for what, of which release, and how it went", async () => {
  const bed: Bed = await proxyBed({ clientKey: { header: "X-Account", cookie: "sid" } });
  const app = await backend("v1", (request, response) => {
    request.resume();
    response.writeHead(request.url === "/bad" ? 503 : 200).end();
  });
  try {
    const { generation } = await bed.to(route(app));
    await ask(`${bed.url}/orders/77?secret=1`, { headers: { "x-account": "ann" } });
    await ask(`${bed.url}/bad`, { method: "POST", headers: { "x-account": "ann", cookie: "sid=1" } });
    await ask(bed.url, { headers: { cookie: "sid=1" } });
    await ask(bed.url, { headers: { cookie: "other=1; sid=1" } });
    await ask(bed.url, { headers: { "user-agent": "one" } });
    await until(() => bed.logLines().length === 5);
    const lines = bed.logLines();
    const base = { release: "v1-release", instance: "v1-instance", generation };
    expect(lines[0]).toMatchObject({ ...base, method: "GET", route: "/orders/:id", status: 200 });
    expect(lines[1]).toMatchObject({ ...base, method: "POST", route: "/bad", status: 503, by: "app" });
    const clients = lines.map((line) => line["client"]);
    expect(clients[1]).toBe(clients[0]);
    expect(clients[3]).toBe(clients[2]);
    expect(new Set(clients).size).toBe(3);
    expect(JSON.stringify(lines)).not.toMatch(/secret|ann|127\.0\.0\.1/);
  } finally {
    await bed.close();
    await app.close();
  }
});
