// This machine, for real; and tables of what tools print elsewhere.
import { expect, test } from "vitest";
import { ok, problem } from "../../../src/core/result.ts";
import { backups } from "../../../src/drivers/checks/backups.ts";
import { disk } from "../../../src/drivers/checks/disk.ts";
import { machine } from "../../../src/drivers/checks/machine.ts";
import { clockKept, skew } from "../../../src/drivers/checks/time.ts";
import { units } from "../../../src/drivers/checks/units.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import type { Database } from "../../../src/ports/database.ts";
import type { Finished, Host } from "../../../src/ports/host.ts";

const clock = systemClock();
const local = localHost({ PATH: process.env["PATH"] ?? "" }, clock);
const never = new AbortController().signal;

/** A host whose programs say what is written here; others are not installed. */
function saying(outputs: Record<string, string>, name = "there"): Host {
  return {
    name,
    async run({ argv }) {
      const stdout = outputs[argv.join(" ")] ?? outputs[argv[0]];
      if (stdout === undefined) return problem("missing", `there is no program ${argv[0]}`, "install it");
      const ended: Finished = {
        exitCode: 0,
        signal: null,
        timedOut: false,
        cancelled: false,
        stdout,
        stderr: "",
        truncated: false,
        durationMs: 1,
      };
      return ok(ended);
    },
  };
}

test("the disk of a folder here is told with its size, in figures that fit each other", async () => {
  const looked = await disk(["/", "/proc"], { host: local }).look(never);
  expect(looked.ok && looked.value.length).toBeGreaterThan(0);
  const data = looked.ok ? looked.value[0]?.data : {};
  expect(Number(data?.["freeBytes"])).toBeGreaterThan(0);
  expect(Number(data?.["totalBytes"])).toBeGreaterThanOrEqual(Number(data?.["freeBytes"]));
});

test("a folder that is not there is told, and the others are looked at", async () => {
  expect(await disk(["/no/such/folder"], { host: local }).look(never)).toMatchObject({ ok: false });
  expect(await disk(["/", "/no/such/folder"], { host: local }).look(never)).toMatchObject({
    ok: true,
    value: [{ about: "/" }],
  });
});

const df = (free: number, total: number) =>
  `Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/a b 1 2 ${total} 0 ${free} 9% /srv/my data\n`;

test.each([
  ["the last 400 MB of a small disk", 400 * 1024, 4 * 1024 ** 2, "bad"],
  ["one percent of a large disk", 9 * 1024 ** 2, 900 * 1024 ** 2, "bad"],
  ["nine percent, 9 GB", 9 * 1024 ** 2, 100 * 1024 ** 2, "warn"],
  ["nine percent of a large disk, 90 GB", 90 * 1024 ** 2, 1000 * 1024 ** 2, "well"],
])("%s free is %4$s", async (_, free, total, is) => {
  const host = saying({ "df -P -k -- /srv": df(free, total), "df -P -i -- /srv": df(1000, 2000) });
  expect(await disk(["/srv"], { host }).look(never)).toMatchObject({
    ok: true,
    value: [{ is, about: "/srv/my data" }],
  });
});

test("no names for new files left is bad, however many bytes are free", async () => {
  const host = saying({ "df -P -k -- /srv": df(900, 1000), "df -P -i -- /srv": df(10, 2000) });
  expect(await disk(["/srv"], { host }).look(never)).toMatchObject({
    ok: true,
    value: [{ is: "bad", what: expect.stringMatching(/inodes/) }],
  });
});

test("memory, load and open files of this machine are read from the kernel", async () => {
  const looked = await machine({ host: local }).look(never);
  expect(looked.ok && looked.value.map((one) => one.about)).toEqual(["memory", "load", "open files"]);
});

test.each([
  [2_000_000, "bad"],
  [6_000_000, "warn"],
  [40_000_000, "well"],
])("%i kB of 100 GB available is %s", async (available, is) => {
  const host = saying({ cat: `MemTotal:  100000000 kB\nMemAvailable:  ${available} kB\n` });
  expect(await machine({ host }).look(never)).toMatchObject({ ok: true, value: [{ about: "memory", is }] });
});

const unit = (fields: string) =>
  `Id=web.service\nLoadState=loaded\n${fields}\nNRestarts=3\nResult=exit-code\nExecMainStatus=1`;
test.each([
  [
    "ActiveState=active\nSubState=running\nActiveEnterTimestamp=Sun 2026-11-22 04:00:00 UTC",
    "warn",
    /after 3 restarts/,
  ],
  ["ActiveState=activating\nSubState=auto-restart", "bad", /dies again and again: 3 restarts/],
  ["ActiveState=failed\nSubState=failed", "bad", /failed: exit-code, exit 1/],
  ["ActiveState=inactive\nSubState=dead", "bad", /is not running/],
])("a unit that says %j is %s", async (fields, is, what) => {
  const host = saying({ systemctl: `${unit(fields)}\n\nId=other.service\nLoadState=not-found\n` });
  const looked = await units(["web", "other"], { host, clock }).look(never);
  expect(looked).toMatchObject({
    ok: true,
    value: [{ about: "web.service", is, what: expect.stringMatching(what) }, { is: "unknown" }],
  });
});

test("a machine without systemd is no bad news of its units", async () => {
  expect(await units(["web"], { host: saying({}), clock }).look(never)).toMatchObject({
    error: { code: "missing" },
  });
});

test.each([
  [{ chronyc: "C0,x,2,1,0.0001,0,0,0,0,0,0,0,0,Normal" }, "well"],
  [{ chronyc: "C0,x,2,1,0.9,0,0,0,0,0,0,0,0,Normal" }, "warn"],
  [{ chronyc: ",,0,1,0.0,0,0,0,0,0,0,0,0,Not synchronised" }, "warn"],
  [{ timedatectl: "NTP=yes\nNTPSynchronized=yes" }, "well"],
  [{ timedatectl: "NTP=no\nNTPSynchronized=no" }, "warn"],
  [{}, "unknown"],
])("who keeps the clock: %j is %s", async (outputs: Record<string, string>, is) => {
  expect(await clockKept({ host: saying(outputs) }).look(never)).toMatchObject({ ok: true, value: [{ is }] });
});

test.each([
  [0, "well"],
  [2_000, "warn"],
  [-60_000, "bad"],
])("a machine whose clock is %i ms off is %s", async (off, is) => {
  const there: Host = {
    name: "db1",
    run: (command) => saying({ date: ((clock.now() + off) / 1_000).toFixed(9) }).run(command),
  };
  expect(await skew({ here: clock, there }).look(never)).toMatchObject({
    ok: true,
    value: [{ is, about: "db1" }],
  });
});

const copy = { id: "b1", op: "op", bytes: 5_000_000, sha256: "", rows: {} };
test.each([
  ["none", [], "warn"],
  ["a fresh one", [{ ...copy, at: clock.now() - 1_000 }], "well"],
  ["an old one", [{ ...copy, at: clock.now() - 10 * 86_400_000 }], "warn"],
  ["only a damaged one", [{ ...copy, at: clock.now(), damaged: "torn" }], "bad"],
])("of backups, %s is %3$s", async (_, list, is) => {
  const database = { backups: async () => ok(list) } as unknown as Database;
  const looked = await backups({ withinMs: 86_400_000 }, { database, clock }).look(never);
  expect(looked).toMatchObject({ ok: true, value: [{ is }] });
});
