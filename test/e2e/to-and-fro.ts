// Deploys and rollbacks in turn under load, through a running controller: what was lost, and how quick each switch was.
import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type LoadReport, startLoad } from "../../src/demo/load/load.ts";
import { countLostWrites } from "../../src/demo/load/lost-writes.ts";
import { type Bed, makeBed, readJournalCopy } from "./bed.ts";

const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));

export type ToAndFro = {
  readonly deploys: number;
  readonly rollbacks: number;
  readonly report: LoadReport;
  readonly lostWrites: number | null;
  /** From the decision (the durable plan) to the start of the last request that the release left behind answered, ms. */
  readonly lastRequestMs: readonly number[];
  /** From the command to its end, ms: CLI start included. */
  readonly commandMs: readonly number[];
};

export type Options = {
  readonly rounds: number;
  readonly perSecond: number;
  readonly clients: number;
  readonly seed: number;
};

export async function toAndFro({ rounds, perSecond, clients, seed }: Options): Promise<ToAndFro> {
  const bed = await makeBed();
  const controller = await startController(bed);
  try {
    await mustWork(bed, ["deploy", "v1"]);
    const load = startLoad({ url: bed.url, perSecond, clients, seed });
    const lastRequestMs: number[] = [];
    const commandMs: number[] = [];
    for (let round = 0; round < rounds; round++) {
      await mustWork(bed, ["deploy", "v7", "--lift", "to and fro"]);
      await pause(500);
      const begun = performance.now();
      await mustWork(bed, ["rollback", "v1"]);
      commandMs.push(performance.now() - begun);
      // Requests that were under way at the switch, slow ones of 2 s too, must be over before the count is right.
      await pause(2_500);
      const last = load.counts().byVersion["v7"]?.lastStartedAt ?? 0;
      lastRequestMs.push(Math.max(0, last - decidedAt(bed)));
    }
    const report = await load.stop();
    const writes = await countLostWrites(bed.url, report.acknowledgedWrites);
    return {
      deploys: rounds,
      rollbacks: rounds,
      report,
      lostWrites: writes.ok ? writes.value.missing.length : null,
      lastRequestMs,
      commandMs,
    };
  } finally {
    controller.kill("SIGKILL");
    await bed.close();
  }
}

/** When the newest rollback was decided: its plan became durable. */
function decidedAt(bed: Bed): number {
  const planned = readJournalCopy(bed).findLast((event) => event.type === "run.planned") as unknown as
    | { at: number }
    | undefined;
  return planned?.at ?? 0;
}

async function mustWork(bed: Bed, words: readonly string[]): Promise<void> {
  const said = await bed.lastgood(...words, "--yes", "--no-wait", "--json");
  if (said.exit !== 0) throw new Error(`${words.join(" ")} ended with ${said.exit}: ${said.out}${said.err}`);
}

async function startController(bed: Bed): Promise<ChildProcess> {
  const child = spawn(process.execPath, [bin, "--config", bed.config, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.stderr.on("data", (chunk) => String(chunk).includes("Lastgood controller") && resolve());
    child.on("exit", (code) => reject(new Error(`the controller ended with ${code}`)));
  });
  return child;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
