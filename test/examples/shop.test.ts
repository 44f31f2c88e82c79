// The example shop sells, keeps what it has sold, and refuses what makes no sense.
import { request } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { ask, enter, useShops } from "./shop-process.ts";

const shops = useShops();

test("a customer registers, logs in, orders, pays and sees the paid order", async () => {
  const shop = await shops.start("v1");
  const person = { email: "Ann@shop.test", password: "a long secret", name: "Ann" };
  expect((await ask(shop, "/register", person)).status).toBe(201);
  expect((await ask(shop, "/register", person)).status).toBe(409);
  expect((await ask(shop, "/login", { ...person, password: "wrong" })).status).toBe(401);
  const login = await ask(shop, "/login", person);
  expect(login.status).toBe(200);
  const sid = /^sid=([\w-]+); Path=\/; HttpOnly/.exec(login.headers.get("set-cookie") ?? "")?.[1] ?? "";

  const ordered = await ask(shop, "/orders", { id: "order-1", product: 3, quantity: 2 }, sid);
  expect(ordered.status).toBe(201);
  expect(JSON.parse(ordered.body)).toMatchObject({ id: "order-1", cents: 1780, paid: false });
  expect((await ask(shop, "/payments", { order: "order-1" }, sid)).status).toBe(201);
  expect((await ask(shop, "/payments", { order: "order-1" }, sid)).status).toBe(200);
  expect(JSON.parse((await ask(shop, "/orders/order-1", undefined, sid)).body)).toMatchObject({ paid: true });
});

test("an order sent twice is one order, and nobody can take or see another's", async () => {
  const shop = await shops.start("v1");
  const [ann, bob] = [await enter(shop, "ann"), await enter(shop, "bob")];
  const order = { id: "same", product: 1, quantity: 1 };
  const first = await ask(shop, "/orders", order, ann);
  const second = await ask(shop, "/orders", { ...order, quantity: 9 }, ann);
  expect([first.status, second.status]).toEqual([201, 200]);
  expect(second.body).toBe(first.body);
  expect((await ask(shop, "/orders", order, bob)).status).toBe(409);
  expect((await ask(shop, "/orders/same", undefined, bob)).status).toBe(404);
  expect((await ask(shop, "/payments", { order: "same" }, bob)).status).toBe(404);
  expect(JSON.parse((await ask(shop, "/orders?after=0")).body).orders).toHaveLength(1);
});

test("paging through the ledger shows each order once, in the order of their numbers", async () => {
  const shop = await shops.start("v1");
  await enter(shop, "ann");
  const database = new DatabaseSync(shop.database);
  database.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1100)
    INSERT INTO orders (id, account, product, quantity, cents, at) SELECT 'o' || i, 1, 1, 1, 450, '' FROM n`);
  database.close();
  const ids: string[] = [];
  let pages = 0;
  for (let after: number | null = 0; after !== null; pages++) {
    const page: { orders: { id: string }[]; next: number | null } = JSON.parse(
      (await ask(shop, `/orders?after=${after}`)).body,
    );
    ids.push(...page.orders.map((order) => order.id));
    after = page.next;
  }
  expect(ids).toEqual(Array.from({ length: 1100 }, (_, index) => `o${index + 1}`));
  expect(pages).toBe(3);
});

test("what makes no sense is refused with a reason and the shop goes on", async () => {
  const shop = await shops.start("v1");
  const sid = await enter(shop, "ann");
  const order = { id: "o", product: 1, quantity: 1 };
  expect((await ask(shop, "/orders", order)).status).toBe(401);
  expect((await ask(shop, "/orders", order, "made-up")).status).toBe(401);
  expect((await ask(shop, "/orders", [order], sid)).status).toBe(400);
  expect((await ask(shop, "/orders", { ...order, quantity: 0.5 }, sid)).status).toBe(400);
  expect((await ask(shop, "/orders", { ...order, product: 77 }, sid)).status).toBe(404);
  expect((await ask(shop, "/orders", { ...order, id: "x".repeat(20_000) }, sid)).status).toBe(413);
  expect((await ask(shop, "/nothing")).status).toBe(404);
  expect((await ask(shop, "/health", {})).status).toBe(405);
  expect(await statusOfTarget(shop.url, "//")).toBe(404);
  expect(JSON.parse((await ask(shop, "/orders?after=0")).body).orders).toEqual([]);
});

test("page, products, version and health are there and every answer names the version", async () => {
  const shop = await shops.start("v7");
  const page = await ask(shop, "/");
  expect(page.headers.get("content-type")).toContain("text/html");
  expect(page.body).toContain('name="viewport"');
  expect(page.body).toContain(">v7</strong>");
  expect(page.body).not.toContain("<script");
  expect(JSON.parse((await ask(shop, "/products")).body).products).toHaveLength(5);
  expect(JSON.parse((await ask(shop, "/version")).body)).toEqual({ version: "v7" });
  expect(JSON.parse((await ask(shop, "/health")).body)).toMatchObject({ healthy: true, database: true });
  for (const path of ["/", "/health", "/nothing"]) {
    expect((await ask(shop, path)).headers.get("x-shop-version")).toBe("v7");
  }
  expect(shop.log).toContainEqual(
    expect.objectContaining({ what: "request", route: "GET /products", status: 200, cut: false }),
  );
});

test("a slow request waits as long as asked and a stream comes in parts", async () => {
  const shop = await shops.start("v1");
  const before = performance.now();
  expect(JSON.parse((await ask(shop, "/slow?ms=300")).body)).toEqual({ sleptMs: 300 });
  expect(performance.now() - before).toBeGreaterThanOrEqual(299);
  const stream = await fetch(new URL("/stream", shop.url));
  const parts: string[] = [];
  for await (const part of stream.body ?? []) parts.push(Buffer.from(part).toString());
  expect(parts.length).toBeGreaterThan(1);
  expect(parts.join("").trim().split("\n")).toHaveLength(10);
});

test("two versions serve side by side from one database and share sessions and orders", async () => {
  const one = await shops.start("v1");
  const other = await shops.start("v7", one.database);
  const sid = await enter(one, "ann");
  const orders = Array.from({ length: 200 }, (_, index) => ({ id: `o${index}`, product: 1, quantity: 1 }));
  const answers = await Promise.all(
    orders.map((order, index) => ask(index % 2 === 0 ? one : other, "/orders", order, sid)),
  );
  expect(answers.filter((answer) => answer.status !== 201)).toEqual([]);
  expect(JSON.parse((await ask(other, "/orders?after=0")).body).orders).toHaveLength(200);
});

/** `fetch` tidies up a target before it sends it; this does not. */
function statusOfTarget(url: string, target: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: "127.0.0.1", port: new URL(url).port, path: target, agent: false },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}
