// How quick a rollback is under load: from the decision to the last new request that the bad release gets.
import { toAndFro } from "../test/e2e/to-and-fro.ts";
import { type BenchDocument, machine, meets, single, stats } from "./document.ts";

export const name = "switch";
export const about =
  "Deploys and rollbacks under load: from the decision to the last new request, and what was lost.";
export const takes = "about 2 min";
export const options = { rounds: 20, perSecond: 300, clients: 30, seed: 11 };

export async function run(asked: typeof options): Promise<BenchDocument> {
  const { report, lostWrites, lastRequestMs, commandMs } = await toAndFro(asked);
  const last = stats(lastRequestMs);
  const alone = { peers: {}, ratio: {} };
  return {
    bench: name,
    machine: machine(),
    options: asked,
    results: [
      {
        case: "rollback, previous release warm",
        metric: "decision to last new request on the bad release, p99",
        unit: "ms",
        product: last,
        ...alone,
        target: "<= 50",
        met: meets("<= 50", last.p99),
      },
      {
        case: "rollback, previous release warm",
        metric: "command from start to end, the CLI included",
        unit: "ms",
        product: stats(commandMs),
        ...alone,
        target: null,
        met: null,
      },
      {
        case: `${asked.rounds} deploys and rollbacks`,
        metric: `lost of ${report.requests} requests`,
        unit: "requests",
        product: single(report.lostCount),
        ...alone,
        target: "<= 0",
        met: report.lostCount === 0,
      },
      {
        case: `${asked.rounds} deploys and rollbacks`,
        metric: `lost of ${report.acknowledgedWrites.length} confirmed writes`,
        unit: "writes",
        product: single(lostWrites ?? Number.NaN),
        ...alone,
        target: "<= 0",
        met: lostWrites === 0,
      },
    ],
  };
}
