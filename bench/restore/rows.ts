// What was measured, as rows of the document.
import { type BenchResult, meets, single, stats } from "../document.ts";

/** Seconds. `outage`: without an answer; `right`: from the command to the first answer that stayed right. */
export type Run = { readonly right: number; readonly outage: number; readonly command: number };
export type Ran = { readonly name: string; readonly runs: readonly Run[]; readonly lost: number };

export type Measured = {
  readonly bytes: number;
  readonly fromBackup: { readonly runs: readonly Run[] };
  readonly copy: { readonly runs: readonly Run[] };
  readonly undo: { readonly runs: readonly Run[] };
  /** `took`: how the copy was made, in words. */
  readonly template: { readonly runs: readonly Run[]; readonly took: string };
  /** Rows in no database any more, after the restore and after all. */
  readonly lost: readonly number[];
  readonly peers: readonly Ran[];
  /** What the runbook's own commands say. */
  readonly says: string;
};

const right = "from the command until answers are right again";
const outage = "unavailable to a client that connects afresh for each question";

export function rows(measured: Measured): readonly BenchResult[] {
  const { fromBackup, copy, undo, template, peers } = measured;
  const size = `${(measured.bytes / 1e9).toFixed(2)} GB`;
  const [plain] = peers;
  return [
    row(
      `from a backup, ${size}`,
      right,
      fromBackup.runs.map((one) => one.right),
      null,
      peersOf(peers, "right"),
    ),
    outageRow(`from a backup, ${size}`, fromBackup.runs, peers),
    outageRow("from a kept copy", copy.runs, peers),
    outageRow("undo", undo.runs, peers),
    outageRow("from a template copy", template.runs, peers),
    {
      ...row(
        "from a template copy",
        right,
        template.runs.map((one) => one.right),
        "<= 1",
      ),
      note: `Proved before, while the app went on. It was ${template.took}.`,
    },
    row(
      "from a kept copy",
      `${right}; the slowest`,
      copy.runs.map((one) => one.right),
      "<= 1",
    ),
    row(
      "undo",
      `${right}; the slowest`,
      undo.runs.map((one) => one.right),
      "<= 1",
    ),
    times(`from a backup, ${size}`, fromBackup.runs, plain),
    {
      ...row(
        "any way back",
        "rows written since that are in no database of the server any more",
        measured.lost,
        "<= 0",
        lostOf(peers),
        "rows",
      ),
      note: "Of pgBackRest they can be had from the archive of WAL, by another restore elsewhere.",
    },
    {
      ...row(
        "the runbook's own commands",
        "times that they brought the database back",
        [0],
        null,
        {},
        "times",
      ),
      note: measured.says,
    },
  ];
}

function outageRow(name: string, runs: readonly Run[], peers: readonly Ran[]): BenchResult {
  const samples = runs.map((one) => one.outage);
  return row(name, `${outage}; the longest`, samples, "<= 0.3", peersOf(peers, "outage"));
}

/** How many times shorter. */
function times(name: string, runs: readonly Run[], peer: Ran | undefined): BenchResult {
  const [own, theirs] = [Math.max(...runs.map((one) => one.outage)), peer?.runs[0]?.outage ?? Number.NaN];
  return row(
    name,
    `${outage}: the runbook's way takes so many times as long`,
    [theirs / own],
    ">= 20",
    {},
    "times",
  );
}

type Peers = Readonly<Record<string, readonly number[]>>;

function row(
  name: string,
  metric: string,
  samples: readonly number[],
  target: string | null,
  peers: Peers = {},
  unit = "s",
): BenchResult {
  const product = samples.length === 1 ? single(samples[0] ?? Number.NaN) : stats(samples);
  const ratio = Object.entries(peers).flatMap(([peer, theirs]) => {
    const share = product.median / (theirs[0] ?? Number.NaN);
    return Number.isFinite(share) ? [[peer, share] as const] : [];
  });
  return {
    ...{ case: name, metric, unit, product, target },
    peers: Object.fromEntries(
      Object.entries(peers).map(([peer, theirs]) => [peer, single(theirs[0] ?? Number.NaN)]),
    ),
    ratio: Object.fromEntries(ratio),
    met: target === null ? null : meets(target, target.startsWith(">") ? product.min : product.max),
  };
}

function peersOf(peers: readonly Ran[], what: "right" | "outage"): Peers {
  return Object.fromEntries(peers.map(({ name, runs }) => [name, runs.map((one) => one[what])]));
}

function lostOf(peers: readonly Ran[]): Peers {
  return Object.fromEntries(peers.map(({ name, lost }) => [name, [lost]]));
}
