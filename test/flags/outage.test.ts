// Whatever becomes of the service, apps go on with the last state, know that it is old, and are up to date once it is back.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { FlagClient, type FlagEvent } from "../../packages/flags/src/index.ts";
import { badLine, type Trouble } from "./bad-line.ts";
import { type Bed, boolean, flagBed, until } from "./bed.ts";
import { playTimers } from "./timers.ts";

const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

async function bedWith(options: Parameters<typeof flagBed>[0] = {}): Promise<Bed> {
  const bed = await flagBed(options);
  cleanings.push(bed.close);
  return bed;
}

const minute = 60_000;
const outages: readonly (readonly [Trouble, number])[] = [
  ["refused", 1_000],
  ["refused", 10 * minute],
  ["silent", 7_000],
  ["silent", 10 * minute],
  ["500", minute],
  ["429", 10 * minute],
  ["garbage", minute],
  ["drip", 20_000],
];

test.each(outages)(
  "%s for %i ms: goes on, says so within 5 s, and is up to date 2 s after",
  async (trouble, ms) => {
    const bed = await bedWith();
    const line = await badLine(bed.port);
    cleanings.push(line.close);
    const time = playTimers();
    const events: FlagEvent["type"][] = [];
    const client = bed.client({
      url: line.url,
      timers: time.timers,
      onEvent: ({ type }) => events.push(type),
    });
    await client.ready();
    await until(() => !client.status().stale);
    await line.set(trouble);
    let staleAfter: number | null = null;
    const begun = time.timers.now();
    await time.pass(ms, () => {
      if (staleAfter === null && client.status().stale) staleAfter = time.timers.now() - begun;
      expect(client.isOn("new-checkout")).toBe(true);
    });
    if (ms > 5_000) {
      expect(staleAfter).toBeLessThanOrEqual(5_000);
      expect(events).toContain("stale");
      expect(client.status().trouble).not.toBe(null);
    }
    const { version } = bed.env.state();
    bed.env.book.change({
      flag: "new-checkout",
      variant: "off",
      by: "t",
      why: "",
      incident: null,
      until: null,
      op: null,
    });
    time.go();
    await line.set("none");
    const convergedMs = await until(() => client.status().version > version && !client.status().stale);
    expect(client.isOn("new-checkout", true)).toBe(false);
    expect(convergedMs).toBeLessThanOrEqual(2_000);
  },
  60_000,
);

test("a service that is stopped in its tracks is noticed, and followed again when it goes on", async () => {
  const child = await serviceChild();
  const time = playTimers();
  const events: FlagEvent["type"][] = [];
  const options = { url: child.url, key: child.key, stateFile: null, timers: time.timers };
  const client = new FlagClient({ ...options, onEvent: ({ type }) => events.push(type) });
  cleanings.push(() => client.close());
  await client.ready();
  child.process.kill("SIGSTOP");
  await time.pass(5_000);
  expect([client.status().stale, client.isOn("new-checkout")]).toEqual([true, true]);
  await time.pass(10 * minute);
  expect([client.status().stale, client.isOn("new-checkout")]).toEqual([true, true]);
  time.go();
  child.process.kill("SIGCONT");
  expect(await until(() => !client.status().stale)).toBeLessThanOrEqual(2_000);
  expect(events).toEqual(["changed", "fresh", "stale", "fresh"]);
}, 60_000);

test("a service that was killed and started anew is followed again", async () => {
  const child = await serviceChild();
  const client = new FlagClient({ url: child.url, key: child.key, stateFile: null });
  cleanings.push(() => client.close());
  await client.ready();
  child.process.kill("SIGKILL");
  await until(() => client.status().trouble !== null);
  const next = await serviceChild(child.port, child.key);
  expect(await until(() => client.status().trouble === null)).toBeLessThanOrEqual(2_000);
  expect(next.port).toBe(child.port);
}, 60_000);

test("without the service an app starts from the last state on disk, at once", async () => {
  const bed = await bedWith();
  const stateFile = join(bed.folder, "state", "flags.json");
  const first = bed.client({ stateFile });
  await first.ready();
  await bed.turn("new-checkout", "off");
  await first.close();
  bed.stop();
  const began = performance.now();
  const second = bed.client({ stateFile });
  const startMs = performance.now() - began;
  expect([second.isOn("new-checkout", true), second.status().source]).toEqual([false, "disk"]);
  expect(startMs).toBeLessThan(50);
  expect(await second.ready()).toMatchObject({ source: "disk", stale: true });
});

test("a damaged state file is noticed and not believed, wherever it is damaged", async () => {
  const bed = await bedWith();
  const stateFile = join(bed.folder, "flags.json.state");
  const first = bed.client({ stateFile });
  await first.ready();
  await first.close();
  bed.stop();
  const whole = readFileSync(stateFile);
  const damage = [
    whole.subarray(0, whole.length - 3),
    whole.subarray(0, 10),
    Buffer.alloc(0),
    Buffer.from(whole.map((byte, at) => (at === whole.length - 20 ? byte ^ 1 : byte))),
    Buffer.from("{}"),
  ];
  for (const bytes of damage) {
    writeFileSync(stateFile, bytes);
    const events: FlagEvent[] = [];
    const client = bed.client({ stateFile, onEvent: (event) => events.push(event) });
    expect([client.isOn("new-checkout", false), client.status().source]).toEqual([false, "none"]);
    expect(events).toEqual([{ type: "trouble", why: `${stateFile} is damaged` }]);
  }
});

test("where the state cannot be kept, flags go on and it is told", async () => {
  const bed = await bedWith();
  writeFileSync(join(bed.folder, "file"), "");
  const events: FlagEvent[] = [];
  const client = bed.client({
    stateFile: join(bed.folder, "file", "x"),
    onEvent: (event) => events.push(event),
  });
  await client.ready();
  await until(() => events.some(({ type }) => type === "trouble"));
  await bed.turn("new-checkout", "off");
  expect(client.isOn("new-checkout", true)).toBe(false);
});

test.runIf(process.geteuid?.() === 0)(
  "on a full disk flags go on, and the state that was whole stays whole (needs root)",
  async () => {
    const bed = await bedWith();
    const disk = mkdtempSync(join(tmpdir(), "lastgood-full-"));
    expect(spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk]).status).toBe(0);
    cleanings.push(() => {
      spawnSync("umount", ["-l", disk]);
      rmSync(disk, { recursive: true });
    });
    const stateFile = join(disk, "state.json");
    const events: FlagEvent[] = [];
    const client = bed.client({ stateFile, onEvent: (event) => events.push(event) });
    await client.ready();
    await until(() => existsSync(stateFile));
    const whole = readFileSync(stateFile, "utf8");
    expect(() => writeFileSync(join(disk, "filler"), Buffer.alloc(128 * 1024))).toThrow("ENOSPC");
    await bed.turn("new-checkout", "off");
    await until(() => events.some((event) => event.type === "trouble" && event.why.includes("ENOSPC")));
    expect([client.isOn("new-checkout", true), readFileSync(stateFile, "utf8")]).toEqual([false, whole]);
  },
);

test("a flag that may not be old goes over to its safe value, and back when the service is", async () => {
  const metadata = { safeValue: false, maxStale: "30s" };
  const bed = await bedWith({ flags: { risky: { ...boolean, metadata }, calm: boolean } });
  const line = await badLine(bed.port);
  cleanings.push(line.close);
  const time = playTimers();
  const client = bed.client({ url: line.url, timers: time.timers });
  await client.ready();
  await line.set("silent");
  await time.pass(20_000);
  expect([client.isOn("risky", true), client.isOn("calm")]).toEqual([true, true]);
  await time.pass(15_000);
  expect([client.isOn("risky", true), client.isOn("calm")]).toEqual([false, true]);
  expect(client.details("risky", true)).toMatchObject({ value: false, reason: "STALE" });
  time.go();
  await line.set("none");
  await until(() => client.isOn("risky"));
}, 30_000);

test("an app without service and without state starts within its wait, on its own defaults", async () => {
  const client = new FlagClient({ url: "http://127.0.0.1:1", key: "none", stateFile: null, waitMs: 60 });
  cleanings.push(() => client.close());
  const began = performance.now();
  await client.ready();
  expect(performance.now() - began).toBeLessThan(1_000);
  expect([client.isOn("a", true), client.isOn("a", false), client.value("b", "x")]).toEqual([
    true,
    false,
    "x",
  ]);
});

test("what an app does wrong never throws into it", async () => {
  const bed = await bedWith();
  const client = bed.client({
    onEvent: () => {
      throw new Error("the app's own");
    },
  });
  await client.ready();
  const cyclic: Record<string, unknown> = {};
  cyclic["self"] = cyclic;
  const odd = [undefined, null, 7, "", cyclic, Symbol("x"), "__proto__", "constructor"];
  for (const name of odd)
    for (const context of odd) {
      expect(client.isOn(name as never, true, context as never)).toBe(true);
      expect(client.value(name as never, "x", context as never)).toBe("x");
    }
});

async function serviceChild(port = 0, key = "") {
  const script = join(import.meta.dirname, "serving-child.ts");
  const folder = mkdtempSync(join(tmpdir(), "lastgood-flags-"));
  const child: ChildProcess = spawn(process.execPath, [script, String(port), key], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanings.push(() => {
    child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });
  const said = await new Promise<string>((resolve) =>
    child.stdout?.once("data", (chunk) => resolve(String(chunk))),
  );
  const about = JSON.parse(said) as { port: number; key: string };
  return { process: child, url: `http://127.0.0.1:${about.port}`, ...about };
}
