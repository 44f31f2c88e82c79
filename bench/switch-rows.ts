// What deploys and rollbacks under load came to, as rows of a document: the same for an embedded app and for stacks.
import type { ToAndFro } from "../test/e2e/to-and-fro.ts";
import { type BenchResult, meets, single, stats } from "./document.ts";

const alone = { peers: {}, ratio: {} };

/** `prefix` says which stack, where there are several. */
export function switchRows(
  { deploys, rollbacks, report, lostWrites, lastRequestMs, commandMs }: ToAndFro,
  target: string,
  prefix = "",
): readonly BenchResult[] {
  const last = stats(lastRequestMs);
  const both = deploys === rollbacks ? `${deploys}` : `${deploys} and ${rollbacks}`;
  return [
    {
      case: `${prefix}rollback, previous release warm`,
      metric: "decision to last new request on the bad release, p99",
      unit: "ms",
      product: last,
      ...alone,
      target,
      met: meets(target, last.p99),
    },
    {
      case: `${prefix}rollback, previous release warm`,
      metric: "command from start to end, the CLI included",
      unit: "ms",
      product: stats(commandMs),
      ...alone,
      target: null,
      met: null,
    },
    {
      case: `${prefix}${both} deploys and rollbacks`,
      metric: `lost of ${report.requests} requests`,
      unit: "requests",
      product: single(report.lostCount),
      ...alone,
      target: "<= 0",
      met: report.lostCount === 0,
      ...(report.lost.length === 0 ? {} : { note: samples(report.lost.map(({ detail }) => detail)) }),
    },
    {
      case: `${prefix}${both} deploys and rollbacks`,
      metric: `lost of ${report.acknowledgedWrites.length} confirmed writes`,
      unit: "writes",
      product: single(lostWrites ?? Number.NaN),
      ...alone,
      target: "<= 0",
      met: lostWrites === 0,
    },
  ];
}

/** Each kind once, with how often. */
function samples(details: readonly string[]): string {
  const counts = Map.groupBy(details, (detail) => detail.replace(/orders\/\S+:/, "orders/…:"));
  return [...counts]
    .slice(0, 8)
    .map(([detail, all]) => `${all.length} × ${detail}`)
    .join("; ");
}
