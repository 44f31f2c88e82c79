// How fast detection itself counts.
import process from "node:process";
import { countError, countOk, evidence, startEProcess, tickTo } from "../../../src/core/detect/e-process.ts";
import { observeRequest, startStreams } from "../../../src/core/detect/streams.ts";
import { type BenchResult, meets, stats } from "../../document.ts";
import { clientNames } from "../deploy.ts";
import { watch } from "../pipeline.ts";
import { begin } from "../report.ts";

/** Requests in one sample, and how many samples. */
const requests = 1 << 20;
const samples = 5;
const target = ">= 10";

export function updates(seed: number): readonly BenchResult[] {
  const random = begin("updates a second", seed);
  const clients = clientNames(10_000);
  const seen = Array.from({ length: requests }, (_, i) => ({
    atS: i / 5000,
    ok: random.uniform() >= 0.002,
    client: clients[random.below(clients.length)] ?? "",
  }));
  const plain = () => {
    const state = startEProcess(watch);
    let highest = 0;
    for (const { atS, ok } of seen) {
      tickTo(state, atS);
      if (ok) countOk(state);
      else {
        countError(state);
        highest = Math.max(highest, evidence(state));
      }
    }
    return highest;
  };
  const whole = () => {
    const streams = startStreams(watch);
    for (const one of seen) observeRequest(streams, one);
    return streams.errors.requests;
  };
  return [
    speed("e-process alone, a clock look at each request", plain, target),
    speed("the pipeline with mute and 10,000 clients", whole, null),
  ];
}

function speed(label: string, work: () => number, wanted: string | null): BenchResult {
  work();
  const measured = Array.from({ length: samples }, () => {
    // CPU time, not the wall clock: what else runs on the machine is not this code's speed.
    const from = process.cpuUsage();
    if (Number.isNaN(work())) throw new Error("the work gave no figure");
    const { user, system } = process.cpuUsage(from);
    return requests / (user + system);
  });
  const product = stats(measured);
  return {
    case: label,
    metric: "median updates a second of CPU time, 0.2 % failures at 5000 requests/s",
    unit: "million/s",
    product,
    peers: {},
    ratio: {},
    target: wanted,
    met: wanted === null ? null : meets(wanted, product.median),
  };
}
