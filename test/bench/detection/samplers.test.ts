import { expect, test } from "vitest";
import { crowdSecond, observeWell } from "../../../bench/detection/bulk.ts";
import { drawDeploy, eachRequest } from "../../../bench/detection/deploy.ts";
import { makeLean } from "../../../bench/detection/lean.ts";
import { poisson } from "../../../bench/detection/poisson.ts";
import { weightOf, weightOfCrowd } from "../../../bench/detection/tilted.ts";
import { seeded } from "../../../bench/random.ts";
import { countError, countOk, evidence, startEProcess, tickTo } from "../../../src/core/detect/e-process.ts";
import { observeRequest, startStreams, tickStreams } from "../../../src/core/detect/streams.ts";

const watch = { threshold: 0.01, horizonS: 1800 };

test.each([0.5, 5, 12, 400])("Poisson numbers of mean %d have that mean and variance", (mean) => {
  const random = seeded(1);
  const n = 40_000;
  const all = Array.from({ length: n }, () => poisson(random, mean));
  const middle = all.reduce((a, b) => a + b, 0) / n;
  const variance = all.reduce((sum, x) => sum + (x - middle) ** 2, 0) / (n - 1);
  expect(Math.abs(middle - mean)).toBeLessThan(5 * Math.sqrt(mean / n));
  expect(variance / mean).toBeGreaterThan(0.95);
  expect(variance / mean).toBeLessThan(1.05);
});

test("a deploy told twice is the same, and its requests are its counts", () => {
  const retrying = [{ errors: 5, rate: 5, everyS: 20 }];
  const deploy = drawDeploy(seeded(7), { rate: 30, clients: 50, lengthS: 60, failing: () => 0.1, retrying });
  const told = () => {
    const all: string[] = [];
    eachRequest(deploy, ({ atS, ok, client }) => all.push(`${atS} ${ok} ${client}`) < 0);
    return all;
  };
  expect(told()).toEqual(told());
  const sum = (counts: Uint32Array) => counts.reduce((a, b) => a + b, 0);
  expect(told()).toHaveLength(sum(deploy.oks) + sum(deploy.errors));
  expect(told().filter((one) => one.includes("false"))).toHaveLength(sum(deploy.errors));
  expect(told().filter((one) => one.includes("retries-0")).length).toBeGreaterThanOrEqual(15);
});

test("successes summed up leave what one observation for each leaves, where nobody comes back", () => {
  const summed = startStreams(watch);
  const single = startStreams(watch);
  const crowd = { rate: 0, asked: 0 };
  let asked = 0;
  for (const [atS, count] of [
    [0, 1],
    [0, 7],
    [1, 250],
    [5, 3],
  ] as const) {
    for (const streams of [summed, single]) tickStreams(streams, atS);
    observeWell(summed, crowd, atS, count);
    for (let i = 0; i < count; i++) {
      asked += 1;
      observeRequest(single, { atS, ok: true, client: `crowd-${asked}` });
    }
    for (const streams of [summed, single]) {
      observeRequest(streams, { atS, ok: false, client: `failed-${atS}-${count}` });
    }
  }
  expect(summed).toEqual(single);
});

test("a second of a crowd fails as often as it is told to", () => {
  const random = seeded(3);
  const streams = startStreams(watch);
  const crowd = { rate: 500, asked: 0 };
  let failures = 0;
  for (let atS = 0; atS < 100; atS++) {
    crowdSecond(streams, random, crowd, { atS, failing: 0.01 }, () => {
      failures += 1;
      return false;
    });
  }
  expect(Math.abs(crowd.asked - 50_000)).toBeLessThan(5 * Math.sqrt(50_000));
  expect(Math.abs(failures - 500)).toBeLessThan(5 * Math.sqrt(500));
  expect(streams.errors.requests).toBe(crowd.asked);
});

test("the evidence alone, with its powers looked up, is that of the e-process", () => {
  const lean = makeLean(watch);
  lean.take(5, true);
  lean.restart();
  const process = startEProcess(watch);
  for (const [second, well] of [0, 3, 120, 1_500, 7, 0].entries()) {
    if (second > 0) lean.tick();
    tickTo(process, second);
    lean.take(well, false);
    for (let i = 0; i < 2 * well; i++) countOk(process);
    countError(process);
    expect(lean.take(well, true)).toBeCloseTo(evidence(process), 9);
  }
  expect(evidence(process)).toBeGreaterThan(0.2);
});

test("the chance of a false rollback, by change of measure, is above nothing and below 1 in 1,000", () => {
  const random = seeded(1);
  for (const weights of [
    Array.from({ length: 60 }, () => weightOf(random, 5, 200)),
    Array.from({ length: 20 }, () => weightOfCrowd(random, 500)),
  ]) {
    const mean = weights.reduce((a, b) => a + b, 0) / weights.length;
    expect(mean).toBeGreaterThan(0.000_02);
    expect(mean).toBeLessThan(0.001);
    // Each counts at most what the evidence leaves: that is the guarantee itself.
    expect(Math.max(...weights)).toBeLessThanOrEqual(0.001);
  }
});
