// 20 deploys and 20 rollbacks under 300 requests a second: nothing may be lost. Its times are the business of
// `npm run bench -- switch`.
import { expect, test } from "vitest";
import { toAndFro } from "./to-and-fro.ts";

test("20 deploys and 20 rollbacks under load with keep-alive, slow requests and websockets lose nothing", async () => {
  const { report, lostWrites } = await toAndFro({ rounds: 20, perSecond: 300, clients: 30, seed: 11 });
  console.log(
    `${report.requests} requests, ${report.lostCount} lost, ${report.acknowledgedWrites.length} writes confirmed`,
  );
  expect(report.requests).toBeGreaterThan(300 * 20);
  expect(report.lost).toEqual([]);
  expect(report.websocket.closedUnexpectedly).toBe(0);
  expect(report.acknowledgedWrites.length).toBeGreaterThan(0);
  expect(lostWrites).toBe(0);
}, 600_000);
