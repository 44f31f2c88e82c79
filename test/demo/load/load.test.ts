// The load generator counts what is lost, and only what is lost.
import { createServer, type RequestListener, type Server } from "node:http";
import { afterEach, expect, test } from "vitest";
import { bounds } from "../../../src/demo/load/bounds.ts";
import { startLoad } from "../../../src/demo/load/load.ts";
import { countLostWrites } from "../../../src/demo/load/lost-writes.ts";
import { useShops } from "../../examples/shop-process.ts";

const shops = useShops();
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
let servers: Server[] = [];

afterEach(async () => {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  servers = [];
});

test("nothing is lost while the shop is well, and every flow is part of the load", async () => {
  const shop = await shops.start("v1");
  const load = startLoad({ url: shop.url, perSecond: 200, clients: 10, seed: 1 });
  await pause(3_000);
  const live = load.counts();
  const report = await load.stop();
  expect(live.requests).toBeGreaterThan(0);
  expect(report.lost).toEqual([]);
  expect([report.errorsByFault, report.refusals, report.notSent]).toEqual([0, 0, 0]);
  expect(report.answered).toBe(report.requests);
  expect(report.requests).toBeGreaterThanOrEqual(live.requests);
  expect(report.byVersion["v1"]).toMatchObject({ requests: report.requests, errors: 0 });
  expect(report.websocket.opened).toBe(10);
  expect(report.websocket.echoed).toBe(report.websocket.messagesSent);
  expect(report.websocket.echoed).toBeGreaterThan(0);
  expect(report.latency.max).toBeGreaterThanOrEqual(report.latency.p50);
  const routes = new Set(
    shop.log.filter((entry) => entry["what"] === "request").map((entry) => entry["route"]),
  );
  for (const route of [
    "GET /",
    "GET /products",
    "GET /orders",
    "GET /orders/:id",
    "GET /slow",
    "GET /stream",
  ]) {
    expect(routes).toContain(route);
  }
  for (const route of ["POST /register", "POST /login", "POST /orders", "POST /payments"])
    expect(routes).toContain(route);
  expect(await load.stop()).toBe(report);
});

test("errors that the bad version owns up to are its errors, not losses", async () => {
  const shop = await shops.start("v2");
  const load = startLoad({ url: shop.url, perSecond: 200, clients: 10, seed: 2, slowEveryMs: 0 });
  await pause(2_000);
  const report = await load.stop();
  expect(report.lost).toEqual([]);
  expect(report.errorsByFault).toBeGreaterThan(0);
  expect(report.byVersion["v2"]?.errors).toBe(report.errorsByFault);
  expect(await countLostWrites(shop.url, report.acknowledgedWrites)).toMatchObject({
    ok: true,
    value: { missing: [] },
  });
});

test("when the shop is killed the requests on their way and all later ones are counted as lost", async () => {
  const shop = await shops.start("v1");
  const load = startLoad({ url: shop.url, perSecond: 100, clients: 5, seed: 4, slowEveryMs: 200 });
  await pause(1_200);
  expect(load.counts().lost).toBe(0);
  shop.kill("SIGKILL");
  await shop.exited;
  await pause(300);
  const report = await load.stop();
  const kinds = new Set(report.lost.map((entry) => entry.kind));
  expect(kinds).toContain("reset");
  expect(kinds).toContain("refused");
  expect(report.answered + report.lostCount).toBe(report.requests);
  expect(report.websocket.closedUnexpectedly).toBe(5);
});

test("an error that nobody owns up to and an answer that breaks off are losses", async () => {
  const failing = await serve((_, response) => response.writeHead(502).end());
  const breaking = await serve((_, response) => {
    response.writeHead(200, { "content-length": "100" });
    response.write("half", () => response.destroy());
  });
  for (const [url, kind] of [
    [failing, "status"],
    [breaking, "cut"],
  ] as const) {
    const load = startLoad({ url, perSecond: 50, clients: 2, seed: 5, slowEveryMs: 0, websocket: false });
    await pause(300);
    const report = await load.stop();
    expect(report.requests).toBeGreaterThan(0);
    expect(report.lost.map((entry) => entry.kind)).toEqual(Array(report.requests).fill(kind));
  }
});

test("arrivals do not wait for answers, and an answer that is held for long is no loss", async () => {
  const held: (() => void)[] = [];
  const url = await serve((_, response) => held.push(() => response.end("late")));
  const load = startLoad({ url, perSecond: 100, clients: 2, seed: 6, slowEveryMs: 0, websocket: false });
  while (load.counts().inFlight < 50) await pause(10);
  const stopped = load.stop();
  // Longer than an idle connection would live.
  await pause(bounds.idleConnectionMs + 300);
  for (const release of held) release();
  const report = await stopped;
  expect(report.answered).toBe(report.requests);
  expect(report.lost).toEqual([]);
});

test("an acknowledged order that is not in the shop is named, and a shop that is gone is not taken for a loss", async () => {
  const shop = await shops.start("v1");
  const lost = { acknowledged: 1, found: 0, missing: ["never-stored"] };
  expect(await countLostWrites(shop.url, ["never-stored"])).toEqual({ ok: true, value: lost });
  expect(await countLostWrites(shop.database, ["never-stored"])).toEqual({ ok: true, value: lost });
  expect(await countLostWrites(`${shop.database}.elsewhere`, ["x"])).toMatchObject({
    error: { code: "unreachable" },
  });
  shop.kill("SIGKILL");
  await shop.exited;
  expect(await countLostWrites(shop.url, ["x"])).toMatchObject({ ok: false, error: { code: "unreachable" } });
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}`;
}
