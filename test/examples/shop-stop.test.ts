// How the example shop ends: in good order nothing is lost, and by force no acknowledged order.
import { Agent, request } from "node:http";
import { expect, test } from "vitest";
import { startLoad } from "../../src/demo/load/load.ts";
import { countLostWrites } from "../../src/demo/load/lost-writes.ts";
import { ask, openFront, useShops } from "./shop-process.ts";
import { joinChat } from "./ws-client.ts";

const shops = useShops();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("after SIGTERM requests in flight are finished, chats told 1001, newcomers refused, and it exits with 0", async () => {
  const shop = await shops.start("v1");
  const chat = await joinChat(shop.url);
  const slow = ask(shop, "/slow?ms=1500");
  const stream = ask(shop, "/stream");
  await pause(300);
  shop.kill("SIGTERM");
  expect(await chat.closed).toBe(1001);
  await expect(fetch(shop.url, { headers: { connection: "close" } })).rejects.toThrow();
  expect((await stream).body.trim().split("\n")).toHaveLength(10);
  expect(await slow).toMatchObject({ status: 200, body: '{"sleptMs":1500}' });
  expect(await shop.exited).toEqual({ code: 0, signal: null });
  expect(shop.log.at(-1)).toMatchObject({ what: "stopped" });
});

test("after SIGTERM a request on a kept connection is still answered and asked to come back elsewhere", async () => {
  const shop = await shops.start("v1");
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await connectionAfter(shop.url, agent)).toBe("keep-alive");
  shop.kill("SIGTERM");
  await pause(200);
  expect(await connectionAfter(shop.url, agent)).toBe("close");
  expect(await shop.exited).toEqual({ code: 0, signal: null });
});

test("under load a switch to another version and a graceful stop of the first lose nothing", async () => {
  const first = await shops.start("v1");
  const next = await shops.start("v7", first.database);
  const front = await openFront(first);
  const load = startLoad({ url: front.url, perSecond: 150, clients: 15, seed: 7, slowEveryMs: 250 });
  await pause(1_500);
  front.switchTo(next);
  await pause(100);
  first.kill("SIGTERM");
  expect(await first.exited).toEqual({ code: 0, signal: null });
  await pause(1_500);
  const report = await load.stop();
  const losses = await countLostWrites(front.url, report.acknowledgedWrites);
  await front.close();

  expect(report.lost).toEqual([]);
  expect([report.errorsByFault, report.refusals, report.notSent]).toEqual([0, 0, 0]);
  expect(report.answered).toBe(report.requests);
  expect(Object.keys(report.byVersion).toSorted()).toEqual(["v1", "v7"]);
  expect(report.websocket).toMatchObject({ opened: 20, toldToLeave: 10, closedUnexpectedly: 0 });
  expect(report.acknowledgedWrites.length).toBeGreaterThan(50);
  expect(losses).toMatchObject({ ok: true, value: { missing: [] } });
});

test("kill -9 under load loses requests but no acknowledged order", async () => {
  const shop = await shops.start("v1");
  const load = startLoad({ url: shop.url, perSecond: 200, clients: 10, seed: 3, slowEveryMs: 200 });
  await pause(2_000);
  shop.kill("SIGKILL");
  await shop.exited;
  await pause(200);
  const report = await load.stop();
  expect(report.lostCount).toBeGreaterThan(0);
  expect(report.acknowledgedWrites.length).toBeGreaterThan(30);

  const inFile = await countLostWrites(shop.database, report.acknowledgedWrites);
  const again = await shops.start("v7", shop.database);
  const byUrl = await countLostWrites(again.url, report.acknowledgedWrites);
  const { length } = report.acknowledgedWrites;
  expect(inFile).toEqual({ ok: true, value: { acknowledged: length, found: length, missing: [] } });
  expect(byUrl).toEqual(inFile);
});

/** Which `connection` header the answer to a request over `agent` carries. */
function connectionAfter(url: string, agent: Agent): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL("/version", url), { agent }, (answer) => {
      answer.resume();
      answer.on("end", () => resolve(answer.headers.connection));
    });
    asked.on("error", reject);
    asked.end();
  });
}
