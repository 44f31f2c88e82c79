// How fast an access log is read, parsed and fed to detection, beside other programs on the same file; and memory.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { observeRequest, startStreams } from "../src/core/detect/streams.ts";
import { ok } from "../src/core/result.ts";
import { logSignals } from "../src/drivers/signals/log.ts";
import { systemClock } from "../src/os/clock.ts";
import { localFiles } from "../src/os/files.ts";
import type { Signals } from "../src/ports/signals.ts";
import { foldRoute } from "../src/proxy/access-line.ts";
import {
  type BenchDocument,
  type BenchResult,
  machine,
  meets,
  type Stats,
  single,
  stats,
} from "./document.ts";
import { firstMs, writeLog } from "./log-intake/lines.ts";
import { peerPasses } from "./log-intake/peers.ts";

export const name = "log-intake";
export const about =
  "lines a second of an access log, parsed and fed to detection, beside awk, GoAccess and lnav on the same file; resident memory over many lines";
export const takes = "about 60 s";
export const options = {
  seed: 1,
  /** Lines in the file. */
  file: 1_000_000,
  /** Lines read in all, for the memory: 100000000 is the long run, of some minutes. */
  lines: 5_000_000,
};
type Options = typeof options;

export async function run({ seed, file, lines }: Options): Promise<BenchDocument> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-intake-"));
  try {
    const path = join(folder, "access.log");
    process.stderr.write(`seed ${seed}: writing ${file} lines\n`);
    const errors = writeLog(path, file, seed);
    const ours = await ourPasses(path, file, errors, Math.max(2, Math.ceil(lines / file)));
    const peers = peerPasses(path, file);
    const results = [speedRow(ours.speeds, peers.speeds, peers.missing), memoryRow(ours.memory)];
    return { bench: name, machine: machine(), options: { seed, file, lines }, results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

type Memory = { readonly lines: number; readonly mib: number };

async function ourPasses(path: string, lines: number, errors: number, passes: number) {
  const signals = signalsOf(path);
  const speeds: number[] = [];
  const memory: Memory[] = [];
  for (let pass = 0; pass < passes; pass++) {
    const from = process.cpuUsage();
    const seen = await onePass(signals, path);
    const { user, system } = process.cpuUsage(from);
    if (seen.count !== lines || seen.errors !== errors || seen.unparsed !== 0) {
      throw new Error(
        `read ${JSON.stringify(seen)} of ${lines} lines with ${errors} errors: not each line once`,
      );
    }
    speeds.push(lines / (user + system));
    memory.push({ lines: (pass + 1) * lines, mib: process.memoryUsage().rss / 2 ** 20 });
    process.stderr.write(`${(pass + 1) * lines} lines, ${Math.round(memory.at(-1)?.mib ?? 0)} MiB\n`);
  }
  return { speeds, memory };
}

function signalsOf(path: string): Signals {
  const routes = async () => ok([{ release: "v1", url: null, fromMs: 0 }]);
  const deps = { files: localFiles(), clock: systemClock(), foldRoute, routes };
  const made = logSignals({ name: "access:web", path, format: "combined" }, deps);
  if (!made.ok) throw new Error(made.error.what);
  return made.value;
}

/** As a watch does it: batches from the beginning of the file to its end, each request observed. */
async function onePass(signals: Signals, path: string) {
  const { dev, ino } = statSync(path);
  const begin = {
    identity: `${dev}:${ino}`,
    offset: 0,
    headBytes: 0,
    head: "",
    skipping: false,
    leftAtMs: null,
  };
  const streams = startStreams({ threshold: 0.01, horizonS: 1800 });
  const seen = { count: 0, errors: 0, unparsed: 0 };
  let from: Parameters<Signals["observe"]>[0] = [begin];
  for (;;) {
    const batch = await signals.observe(from);
    if (!batch.ok) throw new Error(batch.error.what);
    for (const one of batch.value.observations) {
      seen.count += 1;
      if (!one.ok) seen.errors += 1;
      observeRequest(streams, { ...one, atS: (one.at - firstMs) / 1_000 });
    }
    seen.unparsed += batch.value.unparsed;
    if (batch.value.observations.length === 0) return seen;
    from = batch.value.next;
  }
}

function speedRow(
  ours: readonly number[],
  peers: Readonly<Record<string, Stats>>,
  missing: readonly string[],
): BenchResult {
  // The first pass compiles.
  const product = stats(ours.slice(1));
  return {
    case: "nginx combined, one file, parsed and fed to detection (the others only parse and count)",
    metric: "median million lines a second of CPU time",
    unit: "million/s",
    product,
    peers,
    ratio: Object.fromEntries(
      Object.entries(peers).map(([peer, one]) => [peer, product.median / one.median]),
    ),
    target: ">= 1",
    met: meets(">= 1", product.median),
    ...(missing.length > 0 && { note: `not on this machine, skipped: ${missing.join(", ")}` }),
  };
}

/** Slope by least squares over the later four fifths: the first passes fill what is remembered. */
function memoryRow(memory: readonly Memory[]): BenchResult {
  const late = memory.slice(Math.ceil(memory.length / 5));
  const mean = (pick: (one: Memory) => number) => late.reduce((sum, one) => sum + pick(one), 0) / late.length;
  const [x, y] = [mean(({ lines }) => lines), mean(({ mib }) => mib)];
  const up = late.reduce((sum, one) => sum + (one.lines - x) * (one.mib - y), 0);
  const across = late.reduce((sum, one) => sum + (one.lines - x) ** 2, 0);
  const slope = across > 0 ? (1e6 * up) / across : Number.NaN;
  const most = Math.max(...memory.map(({ mib }) => mib));
  return {
    case: `resident memory over ${memory.at(-1)?.lines ?? 0} lines`,
    metric: "MiB more for each million lines, least squares",
    unit: "MiB",
    product: single(slope, late.length),
    peers: {},
    ratio: {},
    target: late.length >= longPasses ? "< 0.5" : null,
    met: late.length >= longPasses ? meets("< 0.5", slope) : null,
    note: `at most ${Math.round(most)} MiB resident; judged with ${longPasses} million lines or more: --lines 100000000`,
  };
}

const longPasses = 50;
