// What users with keep-alive connections lose when nginx is switched: a bare reload, ours by reload, ours by link.
import { spawnSync } from "node:child_process";
import { performance } from "node:perf_hooks";
import { keepAliveLoad, type Load } from "../test/drivers/traffic/keep-alive-load.ts";
import { type NginxBed, nginxBed } from "../test/drivers/traffic/nginx-bed.ts";
import { backend, op, route, type TestBackend, value } from "../test/proxy/bed.ts";
import { type BenchDocument, type BenchResult, machine, type Stats, single, stats } from "./document.ts";

export const name = "switch-nginx";
export const about =
  "Switches of nginx under keep-alive connections: resets, bad answers, answers of the release that was left.";
export const takes = "about 1 min";
export const options = { rounds: 25, clients: 50, pauseMs: 60, requests: 250 };

type Kind = {
  readonly name: string;
  readonly bed: NginxBed;
  readonly backends: readonly [TestBackend, TestBackend];
  readonly bare: boolean;
};
type Tally = { resets: number[]; bad: number; stale: number; requests: number; ms: number[] };

/** The kinds take turns, so that whatever else the machine does meets all of them alike. */
export async function run(asked: typeof options): Promise<BenchDocument> {
  const kinds = [
    await kind("bare reload", "reload", true),
    await kind("reload", "reload", false),
    await kind("link", "link", false),
  ];
  const tallies = kinds.map((): Tally => ({ resets: [], bad: 0, stale: 0, requests: 0, ms: [] }));
  try {
    for (let round = 0; round < asked.rounds; round += 1) {
      for (const [i, one] of kinds.entries()) await oneSwitch(one, round, asked, tallies[i] as Tally);
    }
  } finally {
    for (const { bed, backends } of kinds) {
      await bed.close();
      for (const each of backends) await each.close();
    }
  }
  return {
    bench: name,
    machine: machine(),
    options: asked,
    results: resultsOf(tallies as [Tally, Tally, Tally]),
  };
}

async function kind(called: string, switchBy: "link" | "reload", bare: boolean): Promise<Kind> {
  const bed = await nginxBed({ switchBy });
  const backends = [await backend("v1"), await backend("v2")] as const;
  value(await bed.traffic.change(op("first"), 0, { backend: route(backends[0]), held: false }));
  return { name: called, bed, backends, bare };
}

/** One switch in the middle of a load of its own; what is lost in it is the switch's. */
async function oneSwitch(
  { bed, backends, bare }: Kind,
  round: number,
  asked: typeof options,
  tally: Tally,
): Promise<void> {
  const load = keepAliveLoad(`${bed.url}/`, asked.clients, asked.pauseMs);
  await answered(load, asked.requests);
  const target = backends[round % 2 === 0 ? 1 : 0];
  const { generation } = value(await bed.traffic.now());
  const began = performance.now();
  if (bare) spawnSync("nginx", ["-p", bed.dir, "-c", bed.main, "-s", "reload"]);
  else {
    value(
      await bed.traffic.change(op(`switch-${round}`), generation, { backend: route(target), held: false }),
    );
    load.expectRelease(target.release);
  }
  tally.ms.push(performance.now() - began);
  await answered(load, asked.requests);
  const loss = await load.stop();
  tally.resets.push(loss.resets);
  tally.bad += loss.bad;
  tally.stale += loss.stale;
  tally.requests += loss.requests;
}

async function answered(load: Load, more: number): Promise<void> {
  const goal = load.requests() + more;
  while (load.requests() < goal) await new Promise((resolve) => setTimeout(resolve, 5));
}

function resultsOf([bare, reload, link]: readonly [Tally, Tally, Tally]): readonly BenchResult[] {
  const total = (tally: Tally) => tally.resets.reduce((sum, one) => sum + one, 0);
  const peers = { "bare reload": stats(bare.resets) };
  const resets = (called: string, tally: Tally, target: string, met: boolean): BenchResult => ({
    case: called,
    metric: "connection resets a switch",
    unit: "resets",
    product: stats(tally.resets),
    peers,
    ratio: total(bare) === 0 ? {} : { "bare reload": total(tally) / total(bare) },
    target,
    met,
    note: `${total(tally)} in all, a bare reload ${total(bare)} in all, of ${tally.requests} and ${bare.requests} requests`,
  });
  const most = total(bare) + chance(total(bare) + total(reload));
  const none = (called: string, metric: string, count: number, of: number): BenchResult => ({
    case: called,
    metric: `${metric}, of ${of} requests`,
    unit: "answers",
    product: single(count),
    peers: {},
    ratio: {},
    target: "<= 0",
    met: count === 0,
  });
  const took = (called: string, samples: Stats): BenchResult => ({
    case: called,
    metric: "switch, until it is proved",
    unit: "ms",
    product: samples,
    peers: {},
    ratio: {},
    target: null,
    met: null,
  });
  return [
    resets("by link", link, "<= 0", total(link) === 0),
    resets("by reload", reload, "no more than a bare reload, within chance", total(reload) <= most),
    none("by link", "bad answers", link.bad, link.requests),
    none("by reload", "bad answers", reload.bad, reload.requests),
    none("by link", "answers of the release that was left", link.stale, link.requests),
    none("by reload", "answers of the release that was left", reload.stale, reload.requests),
    took("by link", stats(link.ms)),
    took("by reload", stats(reload.ms)),
  ];
}

/** Two counts of rare things of the same rate differ by more than this in 1 of 1000 runs (normal, both together). */
function chance(both: number): number {
  return 3.1 * Math.sqrt(both);
}
