// A bed for end-to-end tests: the shop's versions, a config, and everything that was started there taken away again.
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { makeVersions } from "../../examples/shop/make-versions.mjs";
import { readConfig } from "../../src/compose/load.ts";
import { type Opened, openApp } from "../../src/compose/open.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { ProcessRef } from "../../src/ports/processes.ts";

const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));
const processes = localProcesses();

export type Said = {
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
  json(): Record<string, unknown>;
};

export type Bed = {
  readonly folder: string;
  readonly config: string;
  readonly url: string;
  readonly stateDir: string;
  /** The CLI as a process of its own. */
  lastgood(...args: string[]): Promise<Said>;
  /** A controller in this process. */
  open(): Promise<Opened>;
  /** Live processes of this bed: the proxy, instances, and children of unfinished steps. */
  alive(): Promise<{
    readonly proxies: readonly ProcessRef[];
    readonly instances: number;
    readonly children: number;
  }>;
  close(): Promise<void>;
};

export type BedOptions = { readonly watch?: string; readonly extra?: string; readonly policy?: string };

export async function makeBed({
  watch = "{ for: 30m, check: 1s }",
  extra = "",
  policy = "{}",
}: BedOptions = {}): Promise<Bed> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "lastgood-e2e-")));
  makeVersions(join(folder, "versions"));
  mkdirSync(join(folder, "data"));
  const port = await processes.freePort();
  const controllerPort = await processes.freePort();
  const config = join(folder, "lastgood.yml");
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
        env: { SHOP_DB: ${join(folder, "data", "shop.db")} }
        health: { path: /health, interval: 50ms, timeout: 10s }
        stopGrace: 3s
    traffic: { kind: proxy, listen: "127.0.0.1:${port}", drain: 5s, client: { cookie: sid, header: x-account-id } }
    database: { kind: sqlite, file: data/shop.db, keepBackups: 3 }
    smoke: [ { get: /products } ]
    watch: ${watch}
    policy: ${policy}
${extra}
controller: { listen: "127.0.0.1:${controllerPort}" }
`,
  );
  const stateDir = join(folder, "state");
  return {
    folder,
    config,
    url: `http://127.0.0.1:${port}`,
    stateDir,
    lastgood: (...args) => run(["--config", config, ...args]),
    open: () => openHere(config),
    alive: () => aliveIn(folder),
    async close() {
      for (const one of await processesIn(folder)) processes.signal(one, "SIGKILL");
      for (let tries = 0; tries < 100 && (await processesIn(folder)).length > 0; tries++)
        await new Promise((resolve) => setTimeout(resolve, 20));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
): Promise<Said> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [bin, ...args], {
      ...(cwd === undefined ? {} : { cwd }),
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, CI: "true", ...env },
    });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => (out += chunk));
    child.stderr.on("data", (chunk) => (err += chunk));
    child.on("close", (exit) =>
      resolve({ exit, out, err, json: () => JSON.parse(out) as Record<string, unknown> }),
    );
  });
}

export async function openHere(config: string): Promise<Opened> {
  const read = await readConfig(config);
  if (!read.ok) throw new Error(read.error.what);
  const opened = await openApp(read.value, "test");
  if (!opened.ok) throw new Error(`${opened.error.what} ${opened.error.next}`);
  return opened.value;
}

async function aliveIn(folder: string) {
  const all = await processesIn(folder);
  const marks = await Promise.all(
    all.map(async (one) => ({
      one,
      proxy: (await processes.environment(one, "LASTGOOD_PROXY")) !== null,
      instance: (await processes.environment(one, "LASTGOOD_INSTANCE")) !== null,
      op: (await processes.environment(one, "LASTGOOD_OP")) !== null,
    })),
  );
  return {
    proxies: marks.filter((mark) => mark.proxy).map((mark) => mark.one),
    instances: marks.filter((mark) => mark.instance).length,
    children: marks.filter((mark) => mark.op).length,
  };
}

/** Found by what stands in their environment, so that only processes of this bed are ever touched. */
async function processesIn(folder: string): Promise<readonly ProcessRef[]> {
  const proxies = await processes.find("LASTGOOD_PROXY", join(folder, "state", "production", "edge"));
  const shops = await processes.find("SHOP_DB", join(folder, "data", "shop.db"));
  return [...proxies, ...shops];
}

export function readJournalCopy(bed: Bed): readonly { type: string; data: Record<string, unknown> }[] {
  const text = readFileSync(join(bed.stateDir, "journal.ndjson"), "utf8");
  return text.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : []));
}
