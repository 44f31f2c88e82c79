// How fast an access log is read, parsed and fed to detection, beside other programs on the same file; and memory.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { type BenchDocument, type BenchResult, machine, meets, type Stats, stats } from "./document.ts";
import { endlessLog } from "./log-intake/endless.ts";
import { lineMs, writeLog } from "./log-intake/lines.ts";
import { type Memory, memoryRow } from "./log-intake/memory.ts";
import { peerPasses } from "./log-intake/peers.ts";
import { logClock, signalsOf, watchLog } from "./log-intake/watch.ts";

export const name = "log-intake";
export const about =
  "lines a second of an access log, parsed and fed to detection, beside awk, GoAccess and lnav on the same file; resident memory over many lines of a log that is rotated";
export const takes = "about 2 min; about 3 s more for each million lines";
export const options = {
  seed: 1,
  /** Lines in the file. */
  file: 1_000_000,
  /** How often the file is read, by us and by the others; the first time of ours does not count. 0: only the memory. */
  passes: 5,
  /** Lines of the log that is rotated, for the memory: 100000000 is the long run. */
  lines: 3_000_000,
};
type Options = typeof options;

export async function run({ seed, file, passes, lines }: Options): Promise<BenchDocument> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-intake-"));
  try {
    const speeds = passes > 0 ? await speedOf(join(folder, "access.log"), { seed, file, passes, lines }) : [];
    const memory = await overMany(join(folder, "endless.log"), lines, seed);
    const results = [...speeds, memoryRow(memory)];
    return { bench: name, machine: machine(), options: { seed, file, passes, lines }, results };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function speedOf(path: string, { seed, file, passes }: Options): Promise<readonly BenchResult[]> {
  process.stderr.write(`seed ${seed}: writing ${file} lines\n`);
  const errors = writeLog(path, file, seed);
  const ours = await ourPasses(path, file, errors, Math.max(2, passes));
  const peers = peerPasses(path, file);
  return speedRows(ours, peers.speeds, peers.missing);
}

type Speeds = { readonly cpu: number[]; readonly wall: number[] };

async function ourPasses(path: string, lines: number, errors: number, passes: number): Promise<Speeds> {
  const clock = logClock(() => lineMs(0));
  const signals = signalsOf(path, clock);
  const speeds: Speeds = { cpu: [], wall: [] };
  for (let pass = 0; pass < passes; pass++) {
    const [from, began] = [process.cpuUsage(), performance.now()];
    const seen = await watchLog({ signals, from: beginningOf(path), clock, goOn: () => false });
    const { user, system } = process.cpuUsage(from);
    if (seen.requests !== lines || seen.errors !== errors || seen.unparsed !== 0) {
      throw new Error(
        `read ${JSON.stringify(seen)} of ${lines} lines with ${errors} errors: not each line once`,
      );
    }
    speeds.cpu.push(lines / (user + system));
    speeds.wall.push(lines / (performance.now() - began) / 1_000);
    const [cpu, wall] = [speeds.cpu.at(-1) ?? 0, speeds.wall.at(-1) ?? 0];
    process.stderr.write(`million lines a second: ${cpu.toFixed(2)} of CPU, ${wall.toFixed(2)} of clock\n`);
  }
  return speeds;
}

function beginningOf(path: string) {
  const { dev, ino } = statSync(path);
  const place = { identity: `${dev}:${ino}`, offset: 0, headBytes: 0, head: "" };
  return [{ ...place, skipping: false, leftAtMs: null }];
}

/** One watch over a log without end: resident memory, megabytes, by lines read. Throws where a line was lost. */
async function overMany(path: string, lines: number, seed: number): Promise<readonly Memory[]> {
  const log = endlessLog(path, seed);
  const clock = logClock(() => lineMs(log.written.lines));
  const signals = signalsOf(path, clock);
  const memory: Memory[] = [];
  try {
    const from = await signals.position();
    if (!from.ok) throw new Error(from.error.what);
    const seen = await watchLog({
      ...{ signals, from: from.value, clock },
      goOn({ requests }) {
        if (requests !== log.written.lines) throw new Error(`${requests} read of ${log.written.lines} lines`);
        memory.push({ lines: requests, mib: process.memoryUsage.rss() / 2 ** 20 });
        if (requests % 10_000_000 === 0)
          process.stderr.write(`${requests} lines, ${Math.round(memory.at(-1)?.mib ?? 0)} MiB\n`);
        if (requests >= lines) return false;
        log.write();
        return true;
      },
    });
    const { errors, unparsed, blind } = seen;
    if (errors !== log.written.errors || unparsed > 0 || blind !== null) {
      throw new Error(`read ${JSON.stringify(seen)}, written ${JSON.stringify(log.written)}`);
    }
  } finally {
    log.close();
  }
  return memory;
}

function speedRows(
  ours: Speeds,
  peers: Readonly<Record<string, Stats>>,
  missing: readonly string[],
): readonly BenchResult[] {
  // The first pass compiles.
  const product = stats(ours.cpu.slice(1));
  const [load] = loadavg();
  const notes = [
    ...(missing.length > 0 ? [`not on this machine, skipped: ${missing.join(", ")}`] : []),
    `load of the machine at the end ${load?.toFixed(1)}`,
  ];
  const what = "nginx combined, one file, parsed and fed to detection";
  return [
    {
      case: `${what} (the others only parse and count)`,
      metric: "median million lines a second of CPU time",
      unit: "million/s",
      product,
      peers,
      ratio: Object.fromEntries(
        Object.entries(peers).map(([peer, one]) => [peer, product.median / one.median]),
      ),
      target: ">= 1",
      met: meets(">= 1", product.median),
      note: notes.join("; "),
    },
    {
      case: `${what}, by the clock on the wall`,
      metric: "median million lines a second, with what else the machine did",
      unit: "million/s",
      product: stats(ours.wall.slice(1)),
      peers: {},
      ratio: {},
      target: null,
      met: null,
    },
  ];
}
