// The example stacks under load: deploys and rollbacks in real containers, and what got lost through nginx.
import { demoEngine } from "../src/demo/stack/engine.ts";
import type { StackName } from "../src/demo/stack/stack.ts";
import { type BenchDocument, type BenchResult, machine, meets, single, stats } from "./document.ts";
import { type StackRun, stackToAndFro } from "./stack/to-and-fro.ts";
import { switchRows } from "./switch-rows.ts";

export const name = "stacks";
export const about =
  "Both example stacks, unchanged compose files: deploys and rollbacks under load through nginx, with a controller.";
export const takes = "about 6 min, needs Docker, nginx and PostgreSQL, and root";
/** `hummii` 0 or `hibachi` 0 leaves that stack out. */
export const options = { rounds: 10, perSecond: 200, clients: 30, seed: 11, hummii: 1, hibachi: 1 };

const kinds: readonly StackName[] = ["hibachi", "hummii"];

export async function run(asked: typeof options): Promise<BenchDocument> {
  const engine = await demoEngine();
  if (!engine.ok) throw new Error(`${engine.error.what}. ${engine.error.next}`);
  const results: BenchResult[] = [];
  try {
    for (const kind of kinds.filter((one) => asked[one] !== 0)) {
      const measured = await stackToAndFro(kind, engine.value.docker, asked);
      results.push(...switchRows(measured, "<= 1000", `${kind}: `), ...stackRows(kind, measured));
    }
  } finally {
    await engine.value.stop();
  }
  return { bench: name, machine: machine(), options: asked, results };
}

function stackRows(kind: StackName, measured: StackRun): readonly BenchResult[] {
  const { disturbed, cutChats, report } = measured;
  const fromCommand = stats(measured.fromCommandMs);
  const row = { case: `${kind}: the same run`, peers: {}, ratio: {} };
  return [
    {
      ...row,
      case: `${kind}: rollback, previous release warm`,
      metric: "from the command to the last new request on the bad release, CLI included; the slowest",
      unit: "ms",
      product: fromCommand,
      target: "<= 1000",
      met: meets("<= 1000", fromCommand.max),
    },
    {
      ...row,
      metric: "databases and caches that were started anew",
      unit: "containers",
      product: single(disturbed.length),
      target: "<= 0",
      met: disturbed.length === 0,
      ...(disturbed.length === 0 ? {} : { note: disturbed.join(", ") }),
    },
    {
      ...row,
      metric: `websockets cut without a goodbye, of ${report.websocket.opened} opened`,
      unit: "connections",
      product: single(cutChats),
      target: "<= 0",
      met: cutChats === 0,
    },
    {
      ...row,
      metric: "requests that the load generator could not send",
      unit: "requests",
      product: single(report.notSent),
      target: "<= 0",
      met: report.notSent === 0,
      note: `pace ${Math.round(report.requests / report.seconds)} requests/s; the generator was at most ${Math.round(report.lagMaxMs)} ms late`,
    },
  ];
}
