// doctor, logs and restart as people type them: the command line as a process, real parts behind it.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Load, startLoad } from "../../src/demo/load/load.ts";
import { type Bed, makeBed, readJournalCopy } from "./bed.ts";

const limitMs = 120_000;
const bin = resolve(import.meta.dirname, "../../bin/lastgood.js");
let bed: Bed;
let hung: ReturnType<typeof createServer>;

beforeAll(async () => {
  hung = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(hung, "listening");
  const address = hung.address();
  const port = typeof address === "object" && address ? address.port : 0;
  bed = await makeBed({ extra: `    checks: { redis: { port: ${port} } }` });
  const first = await bed.lastgood("deploy", "v1", "--yes", "--no-wait", "--json");
  expect(first.exit, first.err).toBe(0);
}, limitMs);

afterAll(async () => {
  hung?.close();
  await bed?.close();
}, limitMs);

/** A controller that has begun its work; how to end it. */
async function serve(): Promise<() => Promise<void>> {
  const child = spawn(process.execPath, [bin, "--config", bed.config, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(child.stderr, "data");
  return async () => {
    child.kill("SIGTERM");
    await once(child, "close");
  };
}

type Row = { env: string | null; check: string; is: string; what: string; next: string | null };

test(
  "doctor shows the dependency that hangs, and everything else, and ends with 1",
  async () => {
    const said = await bed.lastgood("doctor", "--json");
    const checks = said.json()["checks"] as Row[];
    expect(said.exit).toBe(1);
    const at = (check: string) => checks.find((row) => row.check === check);
    expect(at("redis")).toMatchObject({
      is: "bad",
      what: expect.stringMatching(/^did not answer in 1(\.\d)? s$/),
      next: "lastgood logs redis",
    });
    expect(at("serving")).toMatchObject({ env: "production", is: "well" });
    expect(at("journal")).toMatchObject({ env: null, is: "well" });
    expect(checks.map((row) => row.is)).toEqual(checks.map((row) => row.is).toSorted(byBadness));
  },
  limitMs,
);

function byBadness(a: string, b: string): number {
  const order = ["bad", "warn", "unknown", "well"];
  return order.indexOf(a) - order.indexOf(b);
}

test(
  "on a terminal it is one screen, what is bad on top with the next command",
  async () => {
    const said = await bed.lastgood("doctor");
    const lines = said.out.trimEnd().split("\n");
    expect(lines.length).toBeLessThanOrEqual(40);
    expect(lines[1]).toMatch(/^✗ /);
    expect(said.out).toContain("→ lastgood logs redis");
  },
  limitMs,
);

test(
  "an environment that the config does not have is a usage error",
  async () => {
    const said = await bed.lastgood("doctor", "-e", "nowhere");
    expect(said.exit).toBe(2);
    expect(said.err).toContain("lastgood.yml has: production");
  },
  limitMs,
);

test(
  "logs without a name lists the parts; with one it shows the newest lines",
  async () => {
    const listed = await bed.lastgood("logs");
    expect(listed.out).toMatch(/^web +app +process/m);
    expect(listed.out).toMatch(/^edge +edge +process/m);
    const said = await bed.lastgood("logs", "web", "-n", "5", "--json");
    expect(said.exit, said.err).toBe(0);
    expect((said.json()["lines"] as unknown[]).length).toBeGreaterThan(0);
    const unknown = await bed.lastgood("logs", "nothing");
    expect(unknown.exit).toBe(2);
    expect(unknown.err).toContain("There are: web, edge");
  },
  limitMs,
);

test(
  "restart of the service under load loses no request, and is in the journal",
  async () => {
    const load: Load = startLoad({
      url: bed.url,
      perSecond: 100,
      clients: 10,
      seed: 3,
      slowEveryMs: 1_000,
      websocket: false,
    });
    const before = (await bed.lastgood("status", "--json")).json()["environments"] as {
      running: { instance: string }[];
    }[];
    for (let round = 0; round < 3; round++) {
      const said = await bed.lastgood("restart", "web", "--json");
      expect(said.exit, said.out + said.err).toBe(0);
    }
    const report = await load.stop();
    expect(report.requests).toBeGreaterThan(100);
    expect(report.lost).toEqual([]);
    const after = (await bed.lastgood("status", "--json")).json()["environments"] as typeof before;
    expect(after[0]?.running).toHaveLength(1);
    expect(after[0]?.running[0]?.instance).not.toBe(before[0]?.running[0]?.instance);
    const facts = readJournalCopy(bed).filter((fact) => fact.type === "part.restarted");
    expect(facts.map((fact) => fact.data["problem"])).toEqual([null, null, null]);
  },
  limitMs,
);

test(
  "restart of the edge asks: without a terminal and without --yes it ends with 4",
  async () => {
    const asked = await bed.lastgood("restart", "edge", "--json");
    expect(asked.exit).toBe(4);
    const done = await bed.lastgood("restart", "edge", "--yes", "--json");
    expect(done.exit, done.out).toBe(0);
    expect((await fetch(`${bed.url}/health`)).status).toBe(200);
  },
  limitMs,
);

test(
  "an edited config is told from the one that the controller works by, until it is started again",
  async () => {
    const row = async () => {
      const said = await bed.lastgood("doctor", "--json");
      return (said.json()["checks"] as Row[]).find(({ check }) => check === "controller");
    };
    const first = await serve();
    expect(await row()).toMatchObject({ is: "well" });
    const text = readFileSync(bed.config, "utf8");
    writeFileSync(bed.config, `# only the wording\n${text}`);
    expect(await row()).toMatchObject({ is: "well" });
    writeFileSync(bed.config, text.replace("drain: 5s", "drain: 6s"));
    expect(await row()).toMatchObject({ is: "warn", what: expect.stringContaining("edited since") });
    await first();
    const second = await serve();
    expect(await row()).toMatchObject({ is: "well" });
    await second();
  },
  limitMs,
);
