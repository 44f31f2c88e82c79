// Flags against the usual clients: evaluation, propagation, confirmation by many, apps that read process.env, loading.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { buildFlags } from "../packages/flags/build.ts";
import { Table } from "../packages/flags/src/client/table.ts";
import { type BenchDocument, type BenchResult, machine, meets, type Stats, stats } from "./document.ts";
import { child } from "./flags/children.ts";
import { crowd, processes, withService } from "./flags/crowd.ts";
import { propagation } from "./flags/propagate.ts";

export const name = "flags";
export const about =
  "Boolean evaluation and propagation beside the usual clients; kills confirmed by 20 processes and 1,000 subscribers; process.env; 10,000 flags.";
export const takes = "about 4 min, one and a half of it for polls of a client that asks every 15 s";
export const options = {
  rounds: 7,
  changes: 400,
  polls: 4,
  kills: 200,
  processes: 20,
  subscribers: 1_000,
  idleS: 10,
};
type Options = typeof options;

const ours = "@lastgood/flags";
const env = "process.env.X === 'true'";
const peers = [
  env,
  "flagd-core",
  "GrowthBook",
  "unleash-client",
  "LaunchDarkly",
  "OpenFeature SDK, in-memory provider",
];
const alone = { peers: {}, ratio: {} };
const loadsAtOnce = 5;

export async function run(asked: Options): Promise<BenchDocument> {
  const results: BenchResult[] = [
    ...(await evaluation(asked.rounds)),
    ...(await propagation(asked.changes, asked.polls)),
    ...(await processes(asked.processes, asked.kills)),
    ...(await crowd(asked.subscribers, Math.ceil(asked.kills / 4), asked.idleS)),
    await preload(asked.kills),
    loading(asked.rounds * 3),
  ];
  return { bench: name, machine: machine(), options: asked, results };
}

/** Each client in a process of its own, in turns, so that a drift of the machine hits all alike. */
async function evaluation(rounds: number): Promise<readonly BenchResult[]> {
  const samples = new Map<string, number[]>();
  for (let turn = 0; turn < 3; turn++) {
    for (const subject of [ours, ...peers]) {
      const one = child("evaluate.ts", [subject, String(rounds)]);
      const said = await one.next<{ samples: number[] }>();
      samples.set(subject, [...(samples.get(subject) ?? []), ...said.samples]);
      one.end();
    }
  }
  const of = (subject: string): Stats => stats(samples.get(subject) ?? []);
  const product = of(ours);
  const figures = Object.fromEntries(peers.map((peer) => [peer, of(peer)]));
  const ratio = Object.fromEntries(peers.map((peer) => [peer, product.median / of(peer).median]));
  const shared = {
    case: "boolean flag without rules, 101 flags",
    metric: "one evaluation, median, time that the thread computed",
    unit: "ns",
    product,
  };
  return [
    { ...shared, peers: figures, ratio, target: "<= 30", met: meets("<= 30", product.median) },
    {
      ...shared,
      metric: "times as fast as reading process.env",
      unit: "times",
      product: stats((samples.get(env) ?? []).map((ns) => ns / product.median)),
      ...alone,
      target: ">= 10",
      met: meets(">= 10", of(env).median / product.median),
    },
  ];
}

/** From `flag off` in the controller to the new value in process.env of an app that knows nothing of flags. */
async function preload(kills: number): Promise<BenchResult> {
  const built = mkdtempSync(join(tmpdir(), "lastgood-flags-built-"));
  buildFlags(built);
  try {
    const ms = await withService(async (service, { url, key }) => {
      const preloads = `--import=${pathToFileURL(join(built, "esm/env-import.js"))}`;
      const settings = { NODE_OPTIONS: preloads, LASTGOOD_FLAGS_URL: url, LASTGOOD_FLAGS_KEY: key };
      const app = child("env-app.ts", [], settings);
      await app.next();
      const all: number[] = [];
      for (let round = 0; round < kills; round++) {
        service.send({ turn: round % 2 === 0 ? "off" : "on" });
        const [turned, seen] = await Promise.all([
          service.next<{ atNs: string }>(),
          app.next<{ atNs: string }>(),
        ]);
        all.push(Number(BigInt(seen.atNs) - BigInt(turned.atNs)) / 1e6);
      }
      app.end();
      return all;
    });
    const product = stats(ms);
    return {
      case: "an app that reads process.env, with the preload",
      metric: "change to new value, p99",
      unit: "ms",
      product,
      ...alone,
      target: "<= 50",
      met: meets("<= 50", product.p99),
    };
  } finally {
    rmSync(built, { recursive: true });
  }
}

function loading(rounds: number): BenchResult {
  const flag = { state: "ENABLED", variants: { on: true, off: false }, defaultVariant: "on" };
  const ruled = { ...flag, targeting: { if: [{ "==": [{ var: "plan" }, "pro"] }, "on", "off"] } };
  const flags = Object.fromEntries(
    Array.from({ length: 10_000 }, (_, at) => [`flag-${at}`, at % 2 ? flag : ruled]),
  );
  const text = JSON.stringify({ epoch: 1, version: 1, flags });
  const cpuUs = () => process.threadCpuUsage().user + process.threadCpuUsage().system;
  // Several at a time: the kernel counts in ticks of some milliseconds.
  const ms = Array.from({ length: rounds }, () => {
    const began = cpuUs();
    for (let at = 0; at < loadsAtOnce; at++) new Table().replace(JSON.parse(text));
    return (cpuUs() - began) / 1_000 / loadsAtOnce;
  });
  const product = stats(ms);
  return {
    case: "10,000 flags, half of them with rules",
    metric: "from text to ready, median, time that the thread computed",
    unit: "ms",
    product,
    ...alone,
    target: "<= 50",
    met: meets("<= 50", product.median),
  };
}
