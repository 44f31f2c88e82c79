// How long `lastgood doctor` takes, as a person waits for it: all well, and with dependencies that hang.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { localProcesses } from "../src/os/processes.ts";
import { type BenchDocument, type BenchResult, machine, meets, stats } from "./document.ts";
import { install } from "./install.ts";

export const name = "doctor";
export const about =
  "Wall time of lastgood doctor for three environments: nothing hangs; a Redis, a docker client and the controller hang.";
export const takes = "about 2 min";
export const options = { runs: 15 };
type Options = typeof options;

const target = "<= 2000";
const environments = ["production", "staging", "preview"];
const mostLines = 40;

/** What hangs in a case. Each is a real one: a listener that never answers, a client that sleeps, a stopped process. */
type Hang = { readonly redis: boolean; readonly docker: boolean; readonly controller: boolean };
const cases: readonly (readonly [string, Hang])[] = [
  ["nothing hangs", { redis: false, docker: false, controller: false }],
  ["a Redis hangs", { redis: true, docker: false, controller: false }],
  ["the docker client hangs", { redis: false, docker: true, controller: false }],
  ["the controller hangs", { redis: false, docker: false, controller: true }],
  ["all three hang", { redis: true, docker: true, controller: true }],
];

export async function run(asked: Options): Promise<BenchDocument> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-bench-"));
  const silent = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
  await once(silent, "listening");
  const address = silent.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const path = sleepingDocker(folder);
  const bin = install(folder);
  const results: BenchResult[] = [];
  try {
    for (const [title, hang] of cases) {
      const config = await place(folder, title.replaceAll(" ", "-"), hang, port);
      const env = { ...process.env, CI: "true", ...(hang.docker && { PATH: path }) };
      const controller = await serve(bin, config, env);
      if (hang.controller) controller.kill("SIGSTOP");
      const times = Array.from({ length: asked.runs + 1 }, () => timed(bin, config, env)).slice(1);
      controller.kill("SIGKILL");
      results.push(result(title, times));
    }
  } finally {
    silent.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return { bench: name, machine: machine(), options: asked, results };
}

/** One run as a process of its own; milliseconds. The first one is not counted: it fills caches. */
function timed(bin: string, config: string, env: NodeJS.ProcessEnv): number {
  const from = performance.now();
  const ended = spawnSync(process.execPath, [bin, "-c", config, "doctor"], { env, encoding: "utf8" });
  const ms = performance.now() - from;
  const lines = ended.stdout.trimEnd().split("\n").length;
  if ((ended.status !== 0 && ended.status !== 1) || lines < 2 || lines > mostLines)
    throw new Error(`doctor ended with ${ended.status}: ${ended.stdout}${ended.stderr}`);
  return ms;
}

function sleepingDocker(folder: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  writeFileSync(join(bin, "docker"), "#!/bin/sh\nexec sleep 600\n");
  chmodSync(join(bin, "docker"), 0o755);
  return `${bin}${delimiter}${process.env["PATH"]}`;
}

async function place(folder: string, label: string, hang: Hang, silentPort: number): Promise<string> {
  const processes = localProcesses();
  const home = join(folder, label);
  mkdirSync(home);
  const sections: string[] = [];
  for (const env of environments) {
    const checks = [hang.redis ? `redis: { port: ${silentPort} }` : "", hang.docker ? "compose: bench" : ""];
    sections.push(`  ${env}:
    services: { web: { runtime: process, source: "versions/{version}", command: [node, server.js], health: { path: / } } }
    traffic: { kind: proxy, listen: "127.0.0.1:${await processes.freePort()}" }
    checks: { ${checks.filter((one) => one !== "").join(", ")} }`);
  }
  const file = join(home, "lastgood.yml");
  const listen = `controller: { listen: "127.0.0.1:${await processes.freePort()}" }`;
  writeFileSync(file, `app: bench\nenvironments:\n${sections.join("\n")}\n${listen}\n`);
  return file;
}

function serve(bin: string, config: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bin, "-c", config, "serve"], {
    env,
    stdio: ["ignore", "ignore", "pipe"],
  });
  return new Promise((resolve, reject) => {
    child.stderr?.on("data", (chunk) => String(chunk).includes("Lastgood controller") && resolve(child));
    child.on("exit", (code) => reject(new Error(`the controller ended with ${code}`)));
  });
}

function result(title: string, times: readonly number[]): BenchResult {
  const product = stats(times);
  return {
    case: title,
    metric: "wall time of the process, judged by the longest",
    unit: "ms",
    product,
    peers: {},
    ratio: {},
    target,
    met: meets(target, product.max),
  };
}
