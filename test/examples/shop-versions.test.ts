// Each bad version of the example shop is bad in its own way, and in no other.
import { expect, test } from "vitest";
import { ask, enter, type Shop, useShops } from "./shop-process.ts";

const shops = useShops();

test("v2 fails 5 % of the requests on each route, for many clients, and its health stays fine", async () => {
  const shop = await shops.start("v2");
  const routes = ["/", "/products", "/version", "/orders?after=0"];
  const clients = 20;
  const failedByRoute = new Map<string, number>();
  const failedClients = new Set<number>();
  for (let turn = 0; turn < 2_000; turn++) {
    const route = routes[turn % routes.length] ?? "/";
    const answer = await ask(shop, route);
    if (answer.status === 200) continue;
    expect([answer.status, answer.headers.get("x-shop-fault")]).toEqual([500, "1"]);
    failedByRoute.set(route, (failedByRoute.get(route) ?? 0) + 1);
    failedClients.add(Math.floor(turn / routes.length) % clients);
  }
  const failed = [...failedByRoute.values()].reduce((sum, count) => sum + count, 0);
  expect(failed / 2_000).toBeGreaterThan(0.035);
  expect(failed / 2_000).toBeLessThan(0.065);
  for (const route of routes) expect(failedByRoute.get(route)).toBe(25);
  expect(failedClients.size).toBeGreaterThan(clients / 2);
  for (let turn = 0; turn < 100; turn++) expect((await ask(shop, "/health")).status).toBe(200);
});

test("v3 prints a stack and ends with 1 before it listens", async () => {
  const { shop, listens } = shops.launch("v3");
  await expect(listens).rejects.toThrow("ended with 1");
  expect(await shop.exited).toEqual({ code: 1, signal: null });
  expect(shop.errors()).toContain("TypeError: Cannot read properties of undefined (reading 'payment')");
  expect(shop.errors()).toMatch(/at .*server\.mjs:\d+/);
});

test("v4 is healthy and takes orders, but every payment fails by its own fault", async () => {
  const shop = await shops.start("v4");
  const sid = await enter(shop, "ann");
  expect((await ask(shop, "/health")).status).toBe(200);
  expect((await ask(shop, "/orders", { id: "o", product: 1, quantity: 1 }, sid)).status).toBe(201);
  for (let turn = 0; turn < 20; turn++) {
    const payment = await ask(shop, "/payments", { order: "o" }, sid);
    expect([payment.status, payment.headers.get("x-shop-fault")]).toEqual([500, "1"]);
  }
  expect(JSON.parse((await ask(shop, "/orders/o", undefined, sid)).body)).toMatchObject({ paid: false });
});

test("v5 takes half as long again for everything, and 10 ms", async () => {
  const shop = await shops.start("v5");
  const before = performance.now();
  expect((await ask(shop, "/slow?ms=400")).status).toBe(200);
  expect(performance.now() - before).toBeGreaterThanOrEqual(600);
});

test("v6 is killed with its 512th request, health checks not counted", async () => {
  const shop = await shops.start("v6");
  for (let turn = 0; turn < 50; turn++) expect((await ask(shop, "/health")).status).toBe(200);
  for (let turn = 1; turn < 512; turn++) expect((await ask(shop, "/version")).status).toBe(200);
  await expect(ask(shop, "/version")).rejects.toThrow();
  expect(await shop.exited).toEqual({ code: null, signal: "SIGKILL" });
});

test("v8 serves but never calls itself healthy", async () => {
  const shop = await shops.start("v8");
  expect((await ask(shop, "/")).status).toBe(200);
  const health = await ask(shop, "/health");
  expect([health.status, health.headers.get("x-shop-fault")]).toEqual([503, null]);
});

test("v9 goes on serving after SIGTERM", async () => {
  const shop = await shops.start("v9");
  shop.kill("SIGTERM");
  await logged(shop, "stop signal ignored");
  expect((await ask(shop, "/")).status).toBe(200);
  shop.kill("SIGKILL");
  expect(await shop.exited).toEqual({ code: null, signal: "SIGKILL" });
});

async function logged(shop: Shop, what: string): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (shop.log.some((entry) => entry["what"] === what)) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`never logged: ${what}`);
}
