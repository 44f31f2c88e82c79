// What the ways back came to, column by column, as rows of a document.
import { type BenchResult, mean, meets, single, stats } from "../document.ts";
import type { Recovery } from "./recover.ts";

type Ran = { readonly typed: readonly string[]; readonly runs: readonly Recovery[] };

export type Measured = {
  /** Each command is a controller of its own, the previous release still runs. */
  readonly warm: Ran;
  /** The same with `lastgood serve` running. */
  readonly attended: Ran;
  readonly cold: Ran;
  /** Seconds from the start of the app's own container to its first healthy answer, in the same run. */
  readonly own: { readonly again: readonly number[]; readonly fresh: readonly number[] };
  readonly peers: readonly (Ran & { readonly name: string })[];
};

type Column = {
  readonly metric: string;
  readonly unit: string;
  readonly of: (ran: Ran) => readonly number[];
};

const seconds: Column = {
  metric: "from the command to the last request that failed or met the bad release",
  unit: "s",
  of: ({ runs }) => runs.map((one) => one.seconds),
};
const lost: Column = {
  metric: "lost requests",
  unit: "requests",
  of: ({ runs }) => runs.map((one) => one.lost),
};
const wrong: Column = {
  metric: "times that not every answer afterwards was the right version's",
  unit: "times",
  of: ({ runs }) => [runs.filter((one) => !one.right).length],
};
/** Every line ends with Enter. */
const keys: Column = {
  metric: "keystrokes",
  unit: "keys",
  of: ({ typed }) => [typed.reduce((sum, line) => sum + line.length + 1, 0)],
};

export function rows(measured: Measured): readonly BenchResult[] {
  const { warm, attended, cold, peers, own } = measured;
  const cases = [
    ["rollback, previous release warm", warm],
    ["rollback, previous release warm, controller running", attended],
    ["rollback, previous release stopped", cold],
  ] as const;
  return [
    ...cases.flatMap(([name, ran]) => [
      beside(name, seconds, ran, peers),
      beside(name, lost, ran, peers),
      beside(name, wrong, ran, peers),
    ]),
    beside("any way back", keys, warm, peers),
    atOnce(cases[0][0], warm),
    atOnce(cases[1][0], attended),
    againstOwn(cases[2][0], cold, own),
  ];
}

/** Ahead of every peer. Where nothing can be better (nothing lost, nothing wrong), as good is enough. */
function beside(name: string, column: Column, ran: Ran, peers: Measured["peers"]): BenchResult {
  const own = column.of(ran);
  const figures = peers.map((peer) => [peer.name, column.of(peer)] as const);
  const ratio = figures.flatMap(([peer, theirs]) => {
    const share = mean(own) / mean(theirs);
    return Number.isFinite(share) ? [[peer, share] as const] : [];
  });
  const how = figures.map(([peer]) => `${peer}: ${kinds(peers.find((one) => one.name === peer))}`);
  return {
    case: name,
    metric: `${column.metric}; ratio of means`,
    unit: column.unit,
    product: summary(own),
    peers: Object.fromEntries(figures.map(([peer, theirs]) => [peer, summary(theirs)])),
    ratio: Object.fromEntries(ratio),
    target: "< 1",
    met: figures.every(([, theirs]) => mean(own) < mean(theirs) || (mean(own) === 0 && mean(theirs) === 0)),
    ...(column === lost ? { note: how.join("; ") } : {}),
    ...(column === keys ? { note: [ran, ...peers].map(({ typed }) => typed.join(" ⏎ ")).join(" | ") } : {}),
  };
}

function kinds(ran: Ran | undefined): string {
  const all = [...new Set(ran?.runs.flatMap((one) => one.how))];
  return all.length === 0 ? "none lost" : all.join(", ");
}

function atOnce(name: string, ran: Ran): BenchResult {
  const product = summary(ran.runs.map((one) => one.lastBadSeconds));
  const target = "<= 1";
  return {
    case: name,
    metric: "from the command to the last new request on the bad release, CLI included; the slowest",
    unit: "s",
    product,
    peers: {},
    ratio: {},
    target,
    met: meets(target, product.max),
  };
}

const byComposeFresh = "a fresh container of it by docker compose, until healthy";
const byStart = "docker start of a stopped one, until healthy";

function againstOwn(name: string, ran: Ran, { again, fresh }: Measured["own"]): BenchResult {
  const product = summary(ran.runs.map((one) => one.decisionSeconds ?? Number.NaN));
  const peers = { [byComposeFresh]: summary(fresh), [byStart]: summary(again) };
  const ratio = Object.fromEntries(
    Object.entries(peers).map(([peer, theirs]) => [peer, product.median / theirs.median]),
  );
  const target = "<= 1.3";
  return {
    case: name,
    metric:
      "start, health and switch: from the decision to the last request on the bad release; ratio of medians",
    unit: "s",
    product,
    peers,
    ratio,
    target,
    met: meets(target, ratio[byComposeFresh] ?? Number.NaN),
    note: "The target is about the fresh container: Lastgood makes one for each way back, and keeps the stopped one.",
  };
}

function summary(samples: readonly number[]) {
  return samples.length === 1 ? single(samples[0] ?? Number.NaN) : stats(samples);
}
