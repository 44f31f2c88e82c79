// What the shop offers, one function a route.
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { jsonAnswer, Refused } from "./http.mjs";
import { page } from "./page.mjs";
import { hashPassword, isPassword } from "./passwords.mjs";

const PAGE_ORDERS = 500;
const SLOW_LIMIT_MS = 30_000;
const STREAM_CHUNKS = 10;
const STREAM_MS = 1_000;

/**
 * @typedef {import("./http.mjs").Asked} Asked
 * @typedef {import("./store.mjs").Store | import("./store-postgres.mjs").Store} Store the one answers at once, the other later
 * @typedef {{
 *   store: Store, version: string, isHealthy: () => boolean | Promise<boolean>,
 *   ordered: (id: string) => void | Promise<void>, features: () => Record<string, boolean>,
 * }} Shop
 */

/** @param {Shop} shop @returns {import("./http.mjs").Routes} */
export function createRoutes(shop) {
  const table = [...viewRoutes(shop), ...accountRoutes(shop), ...orderRoutes(shop), ...waitRoutes()].map(
    ([name, handle]) => {
      const [method = "", path = ""] = name.split(" ");
      return {
        route: { name, handle },
        method,
        pattern: new RegExp(`^${path.replace(/:\w+/g, "([^/]+)")}$`),
      };
    },
  );
  return (method, path) => {
    for (const entry of table) {
      const found = entry.method === method && entry.pattern.exec(path);
      if (found) return { route: entry.route, params: found.slice(1) };
    }
    const status = table.some((entry) => entry.pattern.test(path)) ? 405 : 404;
    const error = status === 405 ? "this path has no such method" : "no such page";
    return { route: { name: `${method} ?`, handle: () => jsonAnswer(status, { error }) }, params: [] };
  };
}

/** @typedef {[name: string, handle: import("./http.mjs").Route["handle"]]} Entry */

/** @param {Shop} shop @returns {Entry[]} */
function viewRoutes({ store, version, isHealthy, features }) {
  const html = { "content-type": "text/html; charset=utf-8" };
  return [
    [
      "GET /",
      async () => {
        const body = page(version, await store.products(), (await store.counts()).orders);
        return { status: 200, headers: html, body };
      },
    ],
    ["GET /products", async () => jsonAnswer(200, { products: await store.products() })],
    ["GET /version", () => jsonAnswer(200, { version })],
    ["GET /features", () => jsonAnswer(200, { features: features() })],
    [
      "GET /health",
      async () => {
        const { products } = await store.counts();
        const isWell = products > 0 && (await isHealthy());
        return jsonAnswer(isWell ? 200 : 503, { healthy: isWell, version, database: products > 0 });
      },
    ],
  ];
}

/** @param {Shop} shop @returns {Entry[]} */
function accountRoutes({ store }) {
  return [
    [
      "POST /register",
      async (asked) => {
        const { email, password, name } = await asked.json();
        const address = text(email, "email", 200).toLowerCase();
        const hash = await hashPassword(text(password, "password", 200));
        if (!(await store.register(address, text(name, "name", 100), hash)))
          throw new Refused(409, "this email is taken");
        return jsonAnswer(201, { email: address });
      },
    ],
    [
      "POST /login",
      async (asked) => {
        const { email, password } = await asked.json();
        const account = await store.accountByEmail(text(email, "email", 200).toLowerCase());
        const isKnown =
          account !== undefined && (await isPassword(text(password, "password", 200), account.password));
        if (!account || !isKnown) throw new Refused(401, "email or password is wrong");
        const sid = randomBytes(24).toString("base64url");
        await store.openSession(sid, account.id);
        return jsonAnswer(
          200,
          { name: account.name },
          { "set-cookie": `sid=${sid}; Path=/; HttpOnly; SameSite=Lax` },
        );
      },
    ],
  ];
}

/** @param {Shop} shop @returns {Entry[]} */
function orderRoutes({ store, ordered }) {
  return [
    [
      "POST /orders",
      async (asked) => {
        const account = await whoAsks(store, asked);
        const { id, product, quantity } = await asked.json();
        const wanted = await store.product(whole(product, "product", 1_000_000));
        if (!wanted) throw new Refused(404, "no such product");
        const orderId = text(id, "id", 100);
        const count = whole(quantity, "quantity", 100);
        // The answer is only made after the insert has been committed: what we acknowledge is on the disk.
        const isNew = await store.placeOrder({
          id: orderId,
          account: account.id,
          product: wanted,
          quantity: count,
        });
        const order = await ownOrder(store, account, orderId, 409);
        if (isNew) await ordered(orderId);
        return jsonAnswer(isNew ? 201 : 200, orderView(order));
      },
    ],
    // The ledger: numbers, ids and sums of all orders, nobody's name. It is what losses are counted by.
    [
      "GET /orders",
      async (asked) => {
        const orders = await store.ordersAfter(Number(asked.query.get("after")) || 0, PAGE_ORDERS);
        return jsonAnswer(200, {
          orders,
          next: orders.length < PAGE_ORDERS ? null : (orders.at(-1)?.seq ?? null),
        });
      },
    ],
    [
      "GET /orders/:id",
      async (asked) => {
        const account = await whoAsks(store, asked);
        const order = await ownOrder(store, account, asked.params[0] ?? "", 404);
        return jsonAnswer(200, orderView(order));
      },
    ],
    [
      "POST /payments",
      async (asked) => {
        const account = await whoAsks(store, asked);
        const { order: id } = await asked.json();
        const order = await ownOrder(store, account, text(id, "order", 100), 404);
        const isNew = await store.pay(order);
        return jsonAnswer(isNew ? 201 : 200, { order: order.id, cents: order.cents, paid: true });
      },
    ],
  ];
}

/** @returns {Entry[]} */
function waitRoutes() {
  return [
    [
      "GET /slow",
      async (asked) => {
        const ms = Math.min(Math.max(Number(asked.query.get("ms")) || 0, 0), SLOW_LIMIT_MS);
        await sleep(ms, undefined, { signal: asked.gone }).catch(() => {});
        return jsonAnswer(200, { sleptMs: ms });
      },
    ],
    [
      "GET /stream",
      (asked) => ({ status: 200, headers: { "content-type": "text/plain" }, body: ticks(asked.gone) }),
    ],
  ];
}

/** @param {AbortSignal} gone */
async function* ticks(gone) {
  for (let tick = 1; tick <= STREAM_CHUNKS && !gone.aborted; tick++) {
    await sleep(STREAM_MS / STREAM_CHUNKS, undefined, { signal: gone }).catch(() => {});
    yield `tick ${tick} of ${STREAM_CHUNKS}\n`;
  }
}

/** @param {Store} store @param {Asked} asked */
async function whoAsks(store, asked) {
  const account = asked.sid === "" ? undefined : await store.accountOf(asked.sid);
  if (!account) throw new Refused(401, "please log in");
  return account;
}

/**
 * @param {Store} store
 * @param {import("./store.mjs").Account} account
 * @param {string} id
 * @param {number} status of the refusal where it is not there, or somebody else's
 */
async function ownOrder(store, account, id, status) {
  const order = await store.order(id);
  if (order?.account !== account.id) throw new Refused(status, "you have no such order");
  return order;
}

/** @param {import("./store.mjs").Order} order */
function orderView({ id, seq, product, quantity, cents, paid }) {
  return { id, seq, product, quantity, cents, paid: paid === 1 };
}

/** @param {unknown} value @param {string} name @param {number} most @returns {string} */
function text(value, name, most) {
  if (typeof value === "string" && value.length > 0 && value.length <= most) return value;
  throw new Refused(400, `${name} must be a text of 1 to ${most} characters`);
}

/** @param {unknown} value @param {string} name @param {number} most @returns {number} */
function whole(value, name, most) {
  if (typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new Refused(400, `${name} must be a whole number from 1 to ${most}`);
}
