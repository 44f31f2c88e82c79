// The worst day, for real: the controller's state folder deleted, no node and no lastgood in PATH, the bad release
// crash-looping under a controller that revives it. The script alone brings last good back.
import { execFile, spawn } from "node:child_process";
import { hash } from "node:crypto";
import { once } from "node:events";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { localProcesses } from "../../src/os/processes.ts";
import { bareBin } from "../parts/bare-bin.ts";
import { openHere, run } from "./bed.ts";

const processes = localProcesses();
const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));
const limitMs = 120_000;
const token = "s3cr3t-of-the-'shop' $HOME `id`";

/** Says who it is. `poison`: a file; once it is there, the process dies, and so does each that is started after it. */
const server = (name: string, poison: string | null) => `
import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { hash } from "node:crypto";
createServer((request, answer) => {
  if (request.url === "/health") return answer.end("ok");
  answer.end(JSON.stringify({ name: ${JSON.stringify(name)}, token: hash("sha256", process.env.API_TOKEN ?? "") }));
}).listen(Number(process.env.PORT), "127.0.0.1");
${poison === null ? "" : `setInterval(() => existsSync(${JSON.stringify(poison)}) && process.exit(1), 20);`}
`;

let folder: string;
let config: string;
let url: string;
let script: string;
let bare: string;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "lastgood-glass-")));
  config = join(folder, "lastgood.yml");
  script = join(folder, "break-glass", "production.sh");
  const port = await processes.freePort();
  url = `http://127.0.0.1:${port}`;
  for (const [version, poison] of [
    ["v1", null],
    ["v2", join(folder, "poison")],
  ] as const) {
    mkdirSync(join(folder, "versions", version), { recursive: true });
    writeFileSync(join(folder, "versions", version, "server.mjs"), server(version, poison));
  }
  writeFileSync(join(folder, ".env"), `API_TOKEN=${JSON.stringify(token)}\n`);
  writeFileSync(
    config,
    `app: shop
state: state
environments:
  production:
    services:
      web:
        runtime: process
        source: versions/{version}
        command: ["{node}", server.mjs]
        envFile: .env
        health: { path: /health, interval: 50ms, timeout: 10s }
        stopGrace: 1s
    traffic: { kind: proxy, listen: "127.0.0.1:${port}", drain: 1s }
    watch: { for: 30m, check: 1s }
controller: { listen: "127.0.0.1:${await processes.freePort()}" }
`,
  );
  bare = bareBin(join(folder, "bin"));
}, limitMs);

async function ours() {
  const marks: readonly (readonly [string, string])[] = [
    ["LASTGOOD_PROXY", join(folder, "state", "production", "edge")],
    ["LASTGOOD_STATE", join(folder, "state", "production", "runtime")],
    ["LASTGOOD_BREAK_GLASS", join(folder, "state", "production", "runtime")],
  ];
  const found = await Promise.all(marks.map(([name, value]) => processes.find(name, value)));
  return { proxies: found[0] ?? [], instances: found[1] ?? [], byHand: found[2] ?? [] };
}

afterAll(async () => {
  const { proxies, instances, byHand } = await ours();
  for (const one of [...proxies, ...instances, ...byHand]) processes.signal(one, "SIGKILL");
  rmSync(folder, { recursive: true, force: true });
}, limitMs);

type Ended = { readonly exit: number; readonly out: string };

/** A shell with nothing but the platform's tools. */
function shell(...args: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile("/usr/bin/env", ["-i", `PATH=${bare}`, "sh", ...args], (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    );
  });
}

async function whoAnswers(): Promise<{ name: string; token: string } | null> {
  try {
    const answer = await fetch(`${url}/`, { headers: { connection: "close" } });
    return answer.ok ? ((await answer.json()) as { name: string; token: string }) : null;
  } catch {
    return null;
  }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
}

test("a release that became good gets its script, without secrets in it", async () => {
  const first = await run(["--config", config, "deploy", "v1", "--yes", "--no-wait", "--json"]);
  expect(first.exit, first.err).toBe(0);
  expect(existsSync(script)).toBe(false);
  const opened = await openHere(config);
  const release = opened.app.deps.ledger.state().envs["production"]?.serving ?? "";
  const why = "nobody had to wait for its watch in this test";
  opened.app.deps.ledger.record([{ type: "release.became-good", data: { env: "production", release, why } }]);
  await opened.glass.idle();
  opened.close();
  expect(statSync(script).mode & 0o777).toBe(0o700);
  expect(readFileSync(script, "utf8")).not.toContain("s3cr3t");
  const kept = join(folder, "break-glass", "production", release, "web");
  expect(statSync(join(kept, "start.sh")).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(kept, "files"))).toEqual(["server.mjs"]);
}, 120_000);

test.each([["dash"], ["busybox", "sh"], ["bash", "--posix"]])(
  "%s finds no fault in its grammar",
  async (...sh) => {
    const [program = "", ...args] = sh;
    const checked = await new Promise<string>((resolve) => {
      execFile(program, [...args, "-n", script], (error, _, stderr) => resolve(`${error ?? ""}${stderr}`));
    });
    expect(checked).toBe("");
  },
);

test("with --words it only says what it would do, step by step, with the commands", async () => {
  const said = await shell(script, "--words");
  expect(said.exit).toBe(0);
  expect(said.out).toMatch(/1\. Stop Lastgood's controller/);
  expect(said.out).toMatch(/Start web of v1 on port \d+/);
  expect((await whoAnswers())?.name).toBe("v1");
});

test("it brings v1 back with the state folder deleted while v2 crash-loops under a reviving controller", async () => {
  const controller = spawn(process.execPath, [bin, "--config", config, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await once(controller.stderr, "data");
  const deployed = await run(["--config", config, "deploy", "v2", "--yes", "--no-wait"]);
  expect(deployed.exit, deployed.err).toBe(0);
  expect((await whoAnswers())?.name).toBe("v2");
  writeFileSync(join(folder, "poison"), "");
  await until(async () => (await whoAnswers()) === null);
  rmSync(join(folder, "state"), { recursive: true, force: true });
  expect((await shell("-c", "command -v node || command -v lastgood")).exit).not.toBe(0);

  const ended = await shell(script);

  expect(ended.exit, ended.out).toBe(0);
  const answer = await whoAnswers();
  expect(answer?.name).toBe("v1");
  expect(answer?.token).toBe(hash("sha256", token));
  await until(async () => controller.exitCode !== null || controller.signalCode !== null);
  const left = await ours();
  expect(left.proxies).toEqual([]);
  expect(left.instances).toEqual([]);
  expect(left.byHand.length).toBe(1);
}, 120_000);

test("a second run, from another folder, ends what the first one started and serves again", async () => {
  const before = await ours();
  const ended = await shell("-c", `cd / && sh ${script}`);
  expect(ended.exit, ended.out).toBe(0);
  expect((await whoAnswers())?.name).toBe("v1");
  const after = await ours();
  expect(after.byHand.length).toBe(1);
  expect(after.byHand[0]?.pid).not.toBe(before.byHand[0]?.pid);
}, 120_000);

test("it stops before it changes anything where its kept files are gone", async () => {
  rmSync(join(folder, "break-glass", "production"), { recursive: true });
  const ended = await shell(script);
  expect(ended.exit).toBe(1);
  expect(ended.out).toContain("the kept files are gone");
  expect((await whoAnswers())?.name).toBe("v1");
});
