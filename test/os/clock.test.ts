import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readBootId, systemClock } from "../../src/os/clock.ts";
import { randomIds } from "../../src/os/ids.ts";

const clock = systemClock();

test("elapsed counts from boot, so two processes of one boot agree", () => {
  const code = 'import("./src/os/clock.ts").then(({ systemClock }) => console.log(systemClock().elapsed()))';
  const before = clock.elapsed();
  const other = Number(execFileSync(process.execPath, ["-e", code], { encoding: "utf8" }));
  expect(other).toBeGreaterThan(before);
  expect(other).toBeLessThan(clock.elapsed());
});

test("elapsed never goes back", () => {
  let last = clock.elapsed();
  for (let i = 0; i < 10_000; i++) {
    const now = clock.elapsed();
    expect(now >= last).toBe(true);
    last = now;
  }
});

test("the boot id is the kernel's, and stays the same where it has to be worked out", () => {
  expect(clock.bootId()).toBe(readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim());
  expect(readBootId("/nowhere")).toMatch(/^boot-\d+$/);
});

test("sleep lasts at least as long as asked", async () => {
  const began = clock.elapsed();
  await clock.sleep(20);
  expect(clock.elapsed() - began).toBeGreaterThanOrEqual(20);
});

test("sleep ends at once when its signal aborts, before or during it, and does not reject", async () => {
  await clock.sleep(1e9, AbortSignal.abort());
  const stop = new AbortController();
  const sleeping = clock.sleep(1e12, stop.signal); // longer than a timer of Node can hold
  let woke = false;
  const watching = sleeping.then(() => {
    woke = true;
  });
  await clock.sleep(20);
  expect(woke).toBe(false);
  stop.abort();
  await watching;
  expect(woke).toBe(true);
});

test("ids carry their prefix, eight characters that people can read aloud, and do not repeat", () => {
  const ids = randomIds();
  const made = Array.from({ length: 2_000 }, () => ids.fresh("run"));
  expect(new Set(made).size).toBe(2_000);
  for (const id of made) expect(id).toMatch(/^run-[0-9a-hjkmnp-tv-z]{8}$/);
});
