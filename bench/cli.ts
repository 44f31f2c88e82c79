// What a command costs: `--help`, `status` with a short and a very long journal, and the memory of an idle controller.
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { openLedger } from "../src/engine/ledger.ts";
import { openJournal } from "../src/journal/sqlite.ts";
import { systemClock } from "../src/os/clock.ts";
import { localProcesses } from "../src/os/processes.ts";
import { type BenchDocument, type BenchResult, machine, meets, single, stats } from "./document.ts";
import { install } from "./install.ts";

export const name = "cli";
export const about =
  "Wall time of --help and status, with 1,000 and 1,000,000 events; memory of an idle controller.";
export const takes = "about 4 min, most of it to make the long journal (1 GB in the temp folder)";
export const options = { runs: 15, short: 1_000, long: 1_000_000, idleS: 10 };
type Options = typeof options;

const batch = 1_000;
const megabyte = 1024 * 1024;

export async function run(asked: Options): Promise<BenchDocument> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-bench-"));
  try {
    const bin = install(folder);
    const floor = ["-e", "0"];
    const [help, helpFloor] = inTurns(asked.runs, [[bin, "--help"], floor]);
    const short = await place(folder, "short", asked.short);
    const long = await place(folder, "long", asked.long);
    const [few, many, statusFloor] = inTurns(asked.runs, [
      [bin, "-c", short, "status"],
      [bin, "-c", long, "status"],
      floor,
    ]);
    const memory = await idleMemory(bin, short, asked.idleS);
    return {
      bench: name,
      machine: machine(),
      options: asked,
      results: [
        wall("--help", help, helpFloor),
        wall(`status, ${asked.short} events`, few, statusFloor),
        wall(`status, ${asked.long} events`, many, statusFloor),
        growth(asked, few, many),
        {
          case: "idle controller",
          metric: "resident memory",
          unit: "MiB",
          product: single(memory / megabyte),
          peers: {},
          ratio: {},
          target: null,
          met: null,
        },
      ],
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whole processes, A B C A B C …, so that a drift of the machine hits all alike. One round first that is not counted. */
function inTurns(runs: number, commands: readonly (readonly string[])[]): number[][] {
  const samples: number[][] = commands.map(() => []);
  for (let round = 0; round <= runs; round++) {
    for (const [index, args] of commands.entries()) {
      const from = performance.now();
      const ended = spawnSync(process.execPath, args, { env: { ...process.env, CI: "true" } });
      const ms = performance.now() - from;
      if (ended.status !== 0)
        throw new Error(`${args.join(" ")} ended with ${ended.status}: ${ended.stdout}${ended.stderr}`);
      if (round > 0) samples[index]?.push(ms);
    }
  }
  return samples;
}

/** A config whose journal has this many facts; what serves is told by none of them, so status asks no edge. */
async function place(folder: string, label: string, events: number): Promise<string> {
  const state = join(folder, label);
  const opened = openJournal({ file: join(state, "journal.db"), clock: systemClock() });
  if (!opened.ok) throw new Error(opened.error.what);
  const ledger = openLedger(opened.value);
  for (let seq = 0; seq < events; seq += batch) {
    const facts = Array.from({ length: Math.min(batch, events - seq) }, (_, i) => {
      return {
        type: "message.sent",
        data: { key: `message-${seq + i}-about-a-release-that-is-watched`, via: "webhook example.com" },
      } as const;
    });
    ledger.record(facts);
  }
  ledger.save();
  opened.value.close();
  const processes = localProcesses();
  const [port, controller] = [await processes.freePort(), await processes.freePort()];
  const file = join(folder, `${label}.yml`);
  writeFileSync(
    file,
    `app: bench
state: ${label}
environments:
  production:
    services: { web: { runtime: process, source: "versions/{version}", command: [node, server.js], health: { path: / } } }
    traffic: { kind: proxy, listen: "127.0.0.1:${port}" }
controller: { listen: "127.0.0.1:${controller}" }
`,
  );
  return file;
}

function wall(title: string, ours: readonly number[] = [], floor: readonly number[] = []): BenchResult {
  const [product, node] = [stats(ours), stats(floor)];
  return {
    case: title,
    metric: "wall time of the process",
    unit: "ms",
    product,
    peers: { "node -e 0": node },
    ratio: { "node -e 0": product.median / node.median },
    target: null,
    met: null,
  };
}

function growth(asked: Options, few: readonly number[] = [], many: readonly number[] = []): BenchResult {
  const ratios = many.map((ms, index) => ms / (few[index] ?? Number.NaN));
  const product = stats(ratios);
  return {
    case: `status, ${asked.long} against ${asked.short} events`,
    metric: "wall time, pair by pair",
    unit: "times",
    product,
    peers: {},
    ratio: {},
    target: "< 1.5",
    met: meets("< 1.5", product.median),
  };
}

async function idleMemory(bin: string, config: string, idleS: number): Promise<number> {
  const child = spawn(process.execPath, [bin, "-c", config, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  try {
    await ready(child);
    await new Promise((resolve) => setTimeout(resolve, idleS * 1_000));
    const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? Number.NaN) * 1024;
  } finally {
    child.kill("SIGTERM");
  }
}

function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stderr?.on("data", (chunk) => String(chunk).includes("Lastgood controller") && resolve());
    child.on("exit", (code) => reject(new Error(`the controller ended with ${code}`)));
  });
}
