// What goes wrong on real machines: each gives a clear message, the right exit code, and loses nothing.
import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Bed, makeBed, readJournalCopy } from "./bed.ts";

const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));
const limitMs = 180_000;
const isRoot = process.getuid?.() === 0;

let bed: Bed;
const afterwards: (() => void | Promise<void>)[] = [];

beforeEach(async () => {
  bed = await makeBed();
});

afterEach(async () => {
  for (const act of afterwards.splice(0).reverse()) await act();
  await bed.close();
}, limitMs);

async function deployed(version: string): Promise<void> {
  const said = await bed.lastgood("deploy", version, "--yes", "--no-wait", "--json");
  expect(said.exit, said.out + said.err).toBe(0);
}

async function serves(version: string): Promise<void> {
  const answer = await fetch(`${bed.url}/version`, { headers: { connection: "close" } });
  expect([answer.status, answer.headers.get("x-shop-version")]).toEqual([200, version]);
}

/** A `lastgood serve` that is ready; ended after the test. */
async function controller(): Promise<number> {
  const child = spawn(process.execPath, [bin, "--config", bed.config, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  afterwards.push(() => {
    child.kill("SIGKILL");
  });
  await new Promise<void>((resolve, reject) => {
    let said = "";
    child.stderr.on("data", (chunk) => {
      said += chunk;
      if (said.includes("Lastgood controller")) resolve();
    });
    child.on("exit", () => reject(new Error(said)));
  });
  return child.pid ?? 0;
}

/** Write until nothing more fits, down to single bytes. */
function fill(file: string): void {
  const filler = openSync(file, "w");
  for (const size of [64 * 1024, 512, 1]) {
    try {
      for (;;) writeSync(filler, Buffer.alloc(size));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
  }
  closeSync(filler);
}

test("an unknown key in the config: exit 2, with the place, the nearest key and the fix", async () => {
  writeFileSync(bed.config, readFileSync(bed.config, "utf8").replace("drain: 5s", "drian: 5s"));
  const said = await bed.lastgood("status");
  expect(said.exit).toBe(2);
  expect(said.err).toContain("drian");
  expect(said.err).toContain("drain");
  expect(said.err).toMatch(/lastgood\.yml:13:/);
});

test("no config file: exit 2, and how to name one", async () => {
  rmSync(bed.config);
  const said = await bed.lastgood("status");
  expect(said.exit).toBe(2);
  expect(said.err).toContain("--config");
});

test(
  "a version that does not exist: exit 2, and the ones that do",
  async () => {
    const said = await bed.lastgood("deploy", "v99", "--yes");
    expect(said.exit).toBe(2);
    expect(said.err).toMatch(/v99/);
    expect(said.err).toMatch(/v2, v1/);
  },
  limitMs,
);

test("an environment that does not exist: exit 2, and the ones that do", async () => {
  const said = await bed.lastgood("-e", "prod", "status");
  expect(said.exit).toBe(2);
  expect(said.err).toContain("production");
});

test(
  "the public port is in use: exit 1, the port is named, nothing is left running",
  async () => {
    const port = Number(new URL(bed.url).port);
    const server = createServer().listen(port, "127.0.0.1");
    await new Promise((resolve) => server.once("listening", resolve));
    const said = await bed.lastgood("deploy", "v1", "--yes", "--json");
    await new Promise((resolve) => server.close(resolve));
    expect(said.exit).toBe(1);
    expect(said.json()["problem"]).toMatchObject({ code: "port-in-use" });
    expect(said.out).toContain(String(port));
    const alive = await bed.alive();
    expect([alive.proxies.length, alive.instances]).toEqual([0, 0]);
  },
  limitMs,
);

test(
  "a release that crashes at boot: exit 1, its last words are shown, the old one serves on",
  async () => {
    await deployed("v1");
    const said = await bed.lastgood("deploy", "v3", "--yes", "--json");
    expect(said.exit).toBe(1);
    expect(String(said.json()["what"])).toMatch(/exited[\s\S]*last lines/);
    await serves("v1");
    expect((await bed.alive()).instances).toBe(1);
  },
  limitMs,
);

test(
  "a damaged journal: exit 1, nothing is overwritten, and `log rebuild` brings it back",
  async () => {
    await deployed("v1");
    const before = readJournalCopy(bed).length;
    const file = join(bed.stateDir, "journal.db");
    // One letter of one of the newest facts.
    const damaged = readFileSync(file);
    damaged[damaged.lastIndexOf("watch.started")] = 0x57;
    writeFileSync(file, damaged);
    const status = await bed.lastgood("deploy", "v7", "--yes", "--no-wait");
    expect(status.exit).toBe(1);
    expect(status.err).toMatch(/damaged[\s\S]*log rebuild/);
    expect(readFileSync(file).equals(damaged)).toBe(true);
    await serves("v1");
    const rebuilt = await bed.lastgood("log", "rebuild", "--yes");
    expect(rebuilt.exit, rebuilt.err).toBe(0);
    const verified = await bed.lastgood("log", "verify", "--json");
    expect(verified.exit, verified.out).toBe(0);
    expect(Number(verified.json()["facts"])).toBeGreaterThanOrEqual(before);
    await deployed("v7");
    await serves("v7");
  },
  limitMs,
);

test(
  "a second controller is refused with exit 3, and commands use the first one",
  async () => {
    const pid = await controller();
    const second = await bed.lastgood("serve");
    expect([second.exit, second.err.includes(String(pid)) || second.err.includes("listen")]).toEqual([
      second.exit,
      true,
    ]);
    expect([1, 3]).toContain(second.exit);
    await deployed("v1");
    await serves("v1");
    const holder = JSON.parse(readFileSync(join(bed.stateDir, "controller.json"), "utf8"));
    expect(holder.pid).toBe(pid);
  },
  limitMs,
);

test(
  "a hung controller does not block a rollback: --take-over ends it and goes on, and the journal says so",
  async () => {
    await deployed("v1");
    await deployed("v7");
    const pid = await controller();
    process.kill(pid, "SIGSTOP");
    const refused = await bed.lastgood("rollback", "v1", "--yes", "--no-wait");
    expect(refused.exit).toBe(3);
    expect(refused.err).toContain("--take-over");
    const said = await bed.lastgood("--take-over", "rollback", "v1", "--yes", "--no-wait", "--json");
    expect(said.exit, said.out + said.err).toBe(0);
    await serves("v1");
    const took = readJournalCopy(bed).find((event) => event.type === "controller.started");
    expect(took?.data["tookOver"]).toMatchObject({ pid });
  },
  limitMs,
);

test(
  "a dead controller does not block a rollback",
  async () => {
    await deployed("v1");
    await deployed("v7");
    const pid = await controller();
    process.kill(pid, "SIGKILL");
    const said = await bed.lastgood("rollback", "v1", "--yes", "--no-wait", "--json");
    expect(said.exit, said.out + said.err).toBe(0);
    await serves("v1");
  },
  limitMs,
);

test(
  "without a yes, and without anybody to ask, nothing is done: exit 4",
  async () => {
    const said = await bed.lastgood("deploy", "v1", "--json");
    expect(said.exit).toBe(4);
    expect(said.json()["plan"]).toMatchObject({ kind: "deploy" });
    expect((await bed.alive()).instances).toBe(0);
  },
  limitMs,
);

test(
  "--plan changes nothing and says what would be done",
  async () => {
    await deployed("v1");
    const said = await bed.lastgood("deploy", "v7", "--plan");
    expect(said.exit).toBe(0);
    expect(said.out).toContain("start v7 beside v1");
    await serves("v1");
    expect((await bed.alive()).instances).toBe(1);
  },
  limitMs,
);

test.skipIf(!isRoot)(
  "a full disk under the state folder: exit 1, no downtime, and it works again once there is space",
  async () => {
    mkdirSync(bed.stateDir);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", bed.stateDir]);
    afterwards.push(async () => {
      for (const one of (await bed.alive()).proxies) process.kill(one.pid, "SIGKILL");
      execFileSync("umount", ["-l", bed.stateDir]);
    });
    await deployed("v1");
    const ballast = join(bed.stateDir, "filler");
    fill(ballast);
    const said = await bed.lastgood("deploy", "v7", "--yes", "--json");
    expect(said.exit).toBe(1);
    expect(`${said.out}${said.err}`).toMatch(/no.space|space left|free/i);
    await serves("v1");
    rmSync(ballast);
    await deployed("v7");
    await serves("v7");
  },
  limitMs,
);

test.skipIf(!isRoot)(
  "with a full disk the way back still works",
  async () => {
    mkdirSync(bed.stateDir);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", bed.stateDir]);
    afterwards.push(async () => {
      for (const one of (await bed.alive()).proxies) process.kill(one.pid, "SIGKILL");
      execFileSync("umount", ["-l", bed.stateDir]);
    });
    await deployed("v1");
    await deployed("v7");
    fill(join(bed.stateDir, "filler"));
    const said = await bed.lastgood("rollback", "v1", "--yes", "--no-wait", "--json");
    expect(said.exit, said.out + said.err).toBe(0);
    await serves("v1");
  },
  limitMs,
);

test.skipIf(!isRoot)(
  "a read-only state folder: exit 1, a clear message, what serves goes on serving",
  async () => {
    mkdirSync(bed.stateDir);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=160m", "tmpfs", bed.stateDir]);
    afterwards.push(() => {
      execFileSync("umount", ["-l", bed.stateDir]);
    });
    await deployed("v1");
    execFileSync("mount", ["--bind", bed.stateDir, bed.stateDir]);
    execFileSync("mount", ["-o", "remount,bind,ro", bed.stateDir]);
    afterwards.push(() => {
      execFileSync("umount", ["-l", bed.stateDir]);
    });
    const said = await bed.lastgood("deploy", "v7", "--yes", "--json");
    expect(said.exit).toBe(1);
    expect(said.json()["problem"]).toMatchObject({ code: "read-only" });
    await serves("v1");
  },
  limitMs,
);

test(
  "a journal whose last page was torn by a power loss goes on from what was acknowledged",
  async () => {
    await deployed("v1");
    // A write-ahead log with a torn end: SQLite drops it, and the copy must not be ahead of what was acknowledged.
    appendFileSync(join(bed.stateDir, "journal.db-wal"), Buffer.alloc(1_000, 0x33));
    const said = await bed.lastgood("log", "verify", "--json");
    expect(said.exit, said.out + said.err).toBe(0);
    await serves("v1");
  },
  limitMs,
);
