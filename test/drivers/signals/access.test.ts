import { once } from "node:events";
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { limits } from "../../../src/core/limits.ts";
import { accessSignals } from "../../../src/drivers/signals/log/access.ts";
import type { HttpClient } from "../../../src/ports/http-client.ts";
import { accessLine } from "../../../src/proxy/access-line.ts";
import { logName } from "../../../src/proxy/access-log.ts";
import { ask, backend, deps, proxyBed, route, tempDir, until, value } from "../../proxy/bed.ts";

/** A clock that is far later with every look: the proxy is asked each time. */
function hurriedClock() {
  let elapsed = 0;
  return {
    now: () => 0,
    elapsed: () => (elapsed += 10_000),
    bootId: () => "boot",
    sleep: async () => undefined,
  };
}

const wellStats = {
  startedAt: 1,
  requests: 0,
  log: { dropped: 0, waitingMs: 0, lastError: null as string | null },
};

let dir: string;
let stats: unknown;
let control: http.Server;

beforeEach(async () => {
  dir = tempDir();
  stats = wellStats;
  control = http.createServer((_request, response) => {
    if (stats !== null) response.end(JSON.stringify(stats));
  });
  const socket = join(dir, "control.sock");
  control.listen(socket);
  await once(control, "listening");
  writeFileSync(join(dir, "proxy.json"), JSON.stringify({ controlSocket: socket }));
});
afterEach(() => {
  control.closeAllConnections();
  control.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Patient, so that a busy machine is not taken for a slow proxy. */
const patient: HttpClient = { request: (asked) => deps.http.request({ ...asked, timeoutMs: 10_000 }) };

function signals(client: HttpClient = patient) {
  return accessSignals({ proxyStateDir: dir }, { files: deps.files, http: client, clock: hurriedClock() });
}

const usual = {
  at: 5,
  backend: { release: "v1", instance: "i1" } as { release: string; instance: string } | null,
  client: "c1",
  method: "GET",
  target: "/menu",
  status: 200,
  ms: 1.5,
  by: null as "app" | "edge" | null,
  why: null as string | null,
  flags: null as string | null,
  aborted: false,
  generation: 1,
};
const line = (change: Partial<typeof usual> = {}) => accessLine({ ...usual, ...change });
const log = (sequence: number) => join(dir, logName(sequence));
const write = (sequence: number, text: string) => appendFileSync(log(sequence), text);
const routesOf = (batch: { observations: readonly { route: string }[] }) =>
  batch.observations.map((one) => one.route);

test("what is written after a position is observed once, and before it never", async () => {
  write(1, line({ target: "/before" }));
  const source = signals();
  const start = value(await source.position());
  write(1, line({ target: "/a" }) + line({ target: "/b" }));
  const first = value(await source.observe(start));
  expect(first.observations).toEqual([
    { at: 5, release: "v1", ok: true, client: "c1", route: "/a", instance: "i1", status: 200, ms: 1.5 },
    { at: 5, release: "v1", ok: true, client: "c1", route: "/b", instance: "i1", status: 200, ms: 1.5 },
  ]);
  expect([first.unparsed, first.blind]).toEqual([0, null]);
  expect(routesOf(value(await source.observe(first.next)))).toEqual([]);
});

test("what the app said of its flags makes the arms of a switch", async () => {
  const source = signals();
  const start = value(await source.position());
  write(1, line({ flags: "new-checkout=on" }) + line({ flags: "<odd>" }) + line());
  const { observations } = value(await source.observe(start));
  expect(observations.map(({ arms }) => arms)).toEqual([{ "new-checkout": "on" }, undefined, undefined]);
});

test("the same position gives the same batch again, also to another reader and through JSON", async () => {
  const start = value(await signals().position());
  write(1, line({ target: "/a" }));
  const once = value(await signals().observe(start));
  const again = value(await signals().observe(JSON.parse(JSON.stringify(start))));
  expect(again).toEqual(once);
});

test.each([
  ["an answer of the app below 500", { status: 404 }, [true]],
  ["an error of the app", { status: 500, by: "app" as const }, [false]],
  ["an app that refused the connection", { status: 502, by: "edge" as const, why: "refused" }, [false]],
  ["an app that closed the connection", { status: 502, by: "edge" as const, why: "reset" }, [false]],
  ["an app that did not answer in time", { status: 504, by: "edge" as const, why: "stalled" }, [false]],
  ["an answer that the app did not finish", { status: 200, by: "app" as const, why: "cut" }, [false]],
  ["no backend", { status: 503, by: "edge" as const, why: "no-backend", backend: null }, []],
  ["held too long", { status: 503, by: "edge" as const, why: "hold-timeout", backend: null }, []],
  ["a client that left before the answer", { status: 499, aborted: true }, []],
  ["a client that left in the middle of a good answer", { status: 200, aborted: true }, [true]],
  [
    "a client that left in the middle of an error",
    { status: 500, by: "app" as const, aborted: true },
    [false],
  ],
  ["a client whose request was wrong", { status: 400, by: "edge" as const, why: "bad-request" }, [true]],
  ["a websocket", { status: 101 }, [true]],
])("%s counts as it should", async (_what, change, oks) => {
  const source = signals();
  const start = value(await source.position());
  write(1, line(change));
  const batch = value(await source.observe(start));
  expect(batch.observations.map((one) => one.ok)).toEqual(oks);
  expect(batch.unparsed).toBe(0);
});

test("half a line is left until it is whole", async () => {
  const source = signals();
  const start = value(await source.position());
  const whole = line({ target: "/late" });
  write(1, line({ target: "/a" }) + whole.slice(0, 30));
  const first = value(await source.observe(start));
  expect([routesOf(first), first.unparsed]).toEqual([["/a"], 0]);
  write(1, whole.slice(30));
  expect(routesOf(value(await source.observe(first.next)))).toEqual(["/late"]);
});

test("lines that are none are counted, and cost no other line", async () => {
  const source = signals();
  const start = value(await source.position());
  const wrong = [
    "garbage",
    "{",
    "[]",
    "null",
    '{"at":1}',
    line().trim().replace('"v1"', "7"),
    "\u0000\u0000",
  ];
  write(1, wrong.map((one) => `${one}\n`).join(line()));
  const batch = value(await source.observe(start));
  expect(batch.unparsed).toBe(wrong.length);
  expect(batch.observations).toHaveLength(wrong.length - 1);
});

test("a line that is too long is counted once, whatever its length, and the next is read", async () => {
  for (const size of [limits.accessLineBytes + 1, limits.accessReadBytes, 3 * limits.accessReadBytes + 17]) {
    const source = signals();
    let position = value(await source.position());
    write(1, `${"x".repeat(size)}\n${line({ target: "/after" })}`);
    let unparsed = 0;
    const routes: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const batch = value(await source.observe(position));
      unparsed += batch.unparsed;
      routes.push(...routesOf(batch));
      position = batch.next;
    }
    expect([size, unparsed, routes]).toEqual([size, 1, ["/after"]]);
  }
});

test("reading crosses a rotation without losing or doubling a line", async () => {
  const source = signals();
  let position = value(await source.position());
  write(1, line({ target: "/a" }));
  position = value(await source.observe(position)).next;
  write(1, line({ target: "/b" }));
  write(2, line({ target: "/c" }));
  const routes: string[] = [];
  for (let i = 0; i < 4; i += 1) {
    const batch = value(await source.observe(position));
    expect(batch.blind).toBeNull();
    routes.push(...routesOf(batch));
    position = batch.next;
  }
  expect(routes).toEqual(["/b", "/c"]);
});

test("half a line at the end of a finished file is counted and left behind", async () => {
  const source = signals();
  const start = value(await source.position());
  write(1, `${line({ target: "/a" })}{"at":`);
  write(2, line({ target: "/b" }));
  const first = value(await source.observe(start));
  const second = value(await source.observe(first.next));
  expect([...routesOf(first), ...routesOf(second)]).toEqual(["/a", "/b"]);
  expect(first.unparsed + second.unparsed).toBe(1);
});

test("many lines come in batches of a bounded size, complete and in order", async () => {
  const source = signals();
  let position = value(await source.position());
  const count = 20_000;
  const lines = Array.from({ length: count }, (_, i) => line({ at: i }));
  write(1, lines.slice(0, 15_000).join(""));
  write(2, lines.slice(15_000).join(""));
  const seen: number[] = [];
  let batches = 0;
  while (seen.length < count) {
    const batch = value(await source.observe(position));
    expect(batch.observations.length * 60).toBeLessThan(limits.accessReadBytes);
    seen.push(...batch.observations.map((one) => one.at));
    position = batch.next;
    batches += 1;
  }
  expect(batches).toBeGreaterThan(2);
  expect(seen).toEqual(lines.map((_, i) => i));
});

function rotateAway(): void {
  rmSync(log(1));
  write(3, line({ target: "/new" }));
}

test.each([
  ["rotated away before it was read", rotateAway],
  ["emptied", () => truncateSync(log(1), 0)],
  ["begun anew", () => rmSync(log(1))],
])("a log that was %s is told as blindness, and reading goes on", async (_what, damage) => {
  write(1, line());
  const source = signals();
  const start = value(await source.position());
  damage();
  const batch = value(await source.observe(start));
  expect(batch.blind).toContain("removed");
  const at = (batch.next as { sequence: number }).sequence;
  write(at, line({ target: "/on" }));
  let position = batch.next;
  const routes: string[] = routesOf(batch);
  for (let i = 0; i < 3; i += 1) {
    const more = value(await source.observe(position));
    routes.push(...routesOf(more));
    position = more.next;
  }
  expect(routes).toContain("/on");
});

test("requests that pass while the log stands still are blindness until it grows again", async () => {
  const source = signals();
  const start = value(await source.position());
  stats = { ...wellStats, requests: 5 };
  const first = value(await source.observe(start));
  expect(first.blind).toContain("does not grow");
  const second = value(await source.observe(first.next));
  expect(second.blind).toContain("does not grow");
  write(1, line());
  const third = value(await source.observe(second.next));
  expect([third.blind, third.observations.length]).toEqual([null, 1]);
  expect(value(await source.observe(third.next)).blind).toBeNull();
});

test("no requests and no lines is silence, not blindness", async () => {
  const source = signals();
  let position = value(await source.position());
  for (let i = 0; i < 3; i += 1) {
    const batch = value(await source.observe(position));
    expect(batch.blind).toBeNull();
    position = batch.next;
  }
});

test("lines that only just wait for the disk are no blindness, lines that wait long are", async () => {
  const source = signals();
  const start = value(await source.position());
  stats = { ...wellStats, requests: 5, log: { ...wellStats.log, waitingMs: 10 } };
  expect(value(await source.observe(start)).blind).toBeNull();
  stats = { ...wellStats, requests: 5, log: { dropped: 0, waitingMs: 9_000, lastError: "no space left" } };
  expect(value(await source.observe(start)).blind).toContain("no space left");
});

test("lines that the proxy had to drop are told", async () => {
  stats = { ...wellStats, log: { ...wellStats.log, dropped: 7 } };
  const source = signals();
  const start = value(await source.position());
  expect(value(await source.observe(start)).blind).toBeNull();
  stats = { ...wellStats, log: { ...wellStats.log, dropped: 10 } };
  expect(value(await source.observe(start)).blind).toContain("3 lines");
});

test("without a proxy there is blindness, and with it again there is none", async () => {
  const source = signals();
  const start = value(await source.position());
  write(1, line());
  control.close();
  await once(control, "close");
  const blind = value(await source.observe(start));
  expect(blind.blind).toContain("does not answer");
  expect(blind.observations).toHaveLength(1);
  control.listen(join(dir, "control.sock"));
  await once(control, "listening");
  expect(value(await source.observe(blind.next)).blind).toBeNull();
});

test("one slow answer is no blindness, a proxy that does not answer any more is", async () => {
  const source = signals(deps.http);
  let position = value(await signals().position());
  stats = null;
  const blind: (string | null)[] = [];
  for (let i = 0; i < 3; i += 1) {
    const batch = value(await source.observe(position));
    blind.push(batch.blind);
    position = batch.next;
  }
  expect(blind.slice(0, 2)).toEqual([null, null]);
  expect(blind[2]).toContain("does not answer");
});

test("a position that is none of ours means from now on", async () => {
  write(1, line());
  const batch = value(await signals().observe(null));
  expect(batch.observations).toEqual([]);
  write(1, line({ target: "/a" }));
  expect(routesOf(value(await signals().observe(batch.next)))).toEqual(["/a"]);
});

test("a proxy in a container is asked where its socket is seen from here, not where it sees it itself", async () => {
  const { controlSocket } = JSON.parse(readFileSync(join(dir, "proxy.json"), "utf8"));
  writeFileSync(join(dir, "proxy.json"), JSON.stringify({ controlSocket: "/socket/inside.sock" }));
  const inside = value(await signals().observe(value(await signals().position())));
  expect(inside.blind).toContain("/socket/inside.sock");
  const source = accessSignals(
    { proxyStateDir: dir, controlSocket },
    { files: deps.files, http: patient, clock: hurriedClock() },
  );
  expect(value(await source.observe(value(await source.position()))).blind).toBeNull();
});

test("against the real proxy every request is observed once, over rotations, a kill and a restart", {
  timeout: 60_000,
}, async () => {
  const bed = await proxyBed({ tuning: { logRotateBytes: 20_000 } });
  const app = await backend("v1", (request, response) =>
    response.writeHead(request.url === "/bad" ? 500 : 200).end(),
  );
  try {
    await bed.to(route(app));
    const source = accessSignals(
      { proxyStateDir: bed.stateDir },
      { files: deps.files, http: deps.http, clock: deps.clock },
    );
    let position = value(await source.position());
    let [good, bad, unparsed] = [0, 0, 0];
    const look = async () => {
      const batch = value(await source.observe(position));
      position = batch.next;
      unparsed += batch.unparsed;
      for (const { ok, release } of batch.observations) {
        expect(release).toBe("v1-release");
        if (ok) good += 1;
        else bad += 1;
      }
      return batch;
    };
    for (let round = 1; round <= 3; round += 1) {
      for (let i = 0; i < 10; i += 1) {
        await Promise.all(
          Array.from({ length: 20 }, (_, n) => ask(`${bed.url}${n === 0 ? "/bad" : "/good"}`)),
        );
        await look();
      }
      await until(async () => {
        await look();
        return good + bad === round * 200;
      });
      for (const pid of await bed.pids()) process.kill(pid, "SIGKILL");
      await until(async () => (await bed.pids()).length === 0);
      await until(async () => (await look()).blind?.includes("does not answer") === true);
      value(await bed.traffic.ensure());
      await until(async () => (await look()).blind === null);
    }
    expect([good, bad, unparsed]).toEqual([570, 30, 0]);
    expect((position as { sequence: number }).sequence).toBeGreaterThan(3);
  } finally {
    await bed.close();
    await app.close();
  }
});
