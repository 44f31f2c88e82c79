// The same store on PostgreSQL. Its tables are made by the migrations, never by the app.
import pg from "pg";

const CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 5_000;
const ANSWER_TIMEOUT_MS = 10_000;

/** @typedef {ReturnType<typeof openPostgres>} Store */

/** @param {string} url @param {import("./log.mjs").Log} log */
export function openPostgres(url, log) {
  const pool = new pg.Pool({
    connectionString: url,
    max: CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
  });
  // An idle connection that breaks is replaced by the next question.
  pool.on("error", (error) => log("warn", "database connection lost", { error: error.message }));
  /** @type {Ask} */
  const ask = async (text, values = []) => (await pool.query(text, [...values])).rows;
  return { ...people(ask), ...trade(ask), ...upkeep(ask), close: () => pool.end() };
}

/**
 * Writes end with `RETURNING`, so that a row says that something was written.
 * @typedef {(text: string, values?: readonly unknown[]) => Promise<any[]>} Ask
 */

/** @param {Ask} ask */
function people(ask) {
  return {
    /** False where the address is taken. @param {string} email @param {string} name @param {string} password */
    register: async (email, name, password) =>
      (
        await ask(
          "INSERT INTO accounts (email, name, password) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING id",
          [email, name, password],
        )
      ).length === 1,
    /** @param {string} email @returns {Promise<import("./store.mjs").Account | undefined>} */
    accountByEmail: async (email) => (await ask("SELECT * FROM accounts WHERE email = $1", [email]))[0],
    /** @param {string} sid @returns {Promise<import("./store.mjs").Account | undefined>} */
    accountOf: async (sid) =>
      (
        await ask("SELECT a.* FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.sid = $1", [sid])
      )[0],
    /** @param {string} sid @param {number} account */
    openSession: async (sid, account) =>
      void (await ask("INSERT INTO sessions (sid, account) VALUES ($1, $2)", [sid, account])),
  };
}

/** @param {Ask} ask */
function trade(ask) {
  return {
    /** @returns {Promise<import("./store.mjs").Product[]>} */
    products: () => ask("SELECT * FROM products ORDER BY id"),
    /** @param {number} id @returns {Promise<import("./store.mjs").Product | undefined>} */
    product: async (id) => (await ask("SELECT * FROM products WHERE id = $1", [id]))[0],
    /** @param {string} id @returns {Promise<import("./store.mjs").Order | undefined>} */
    order: async (id) =>
      (
        await ask(
          `SELECT o.*, (p."order" IS NOT NULL)::int AS paid
          FROM orders o LEFT JOIN payments p ON p."order" = o.id WHERE o.id = $1`,
          [id],
        )
      )[0],
    /** False where an order of this id is there already. @param {import("./store.mjs").NewOrder} wanted */
    placeOrder: async ({ id, account, product, quantity }) =>
      (
        await ask(
          `INSERT INTO orders (id, account, product, quantity, cents) VALUES ($1, $2, $3, $4, $5)
          ON CONFLICT (id) DO NOTHING RETURNING id`,
          [id, account, product.id, quantity, product.cents * quantity],
        )
      ).length === 1,
    /** Orders with a higher number than `after`, lowest first. One that is being written now may appear behind a
     * higher number: count when all is quiet.
     * @param {number} after @param {number} most
     */
    ordersAfter: (after, most) =>
      ask("SELECT seq, id, cents, at FROM orders WHERE seq > $1 ORDER BY seq LIMIT $2", [after, most]),
    /** False where it is paid already. @param {import("./store.mjs").Order} paid */
    pay: async (paid) =>
      (
        await ask(
          `INSERT INTO payments ("order", cents) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING cents`,
          [paid.id, paid.cents],
        )
      ).length === 1,
  };
}

/** @param {Ask} ask */
function upkeep(ask) {
  return {
    /** Reads from the tables that matter; rejects where it cannot. @returns {Promise<{ products: number, orders: number }>} */
    counts: async () =>
      (
        await ask(
          "SELECT (SELECT count(*)::int FROM products) AS products, coalesce(max(seq), 0)::int AS orders FROM orders",
        )
      )[0],
    /** A question whose answer takes so long. @param {number} seconds */
    askLong: async (seconds) => void (await ask("SELECT pg_sleep($1)", [seconds])),
    /** A receipt for an order; a second one is not written. @param {string} order */
    writeReceipt: async (order) =>
      void (await ask(`INSERT INTO receipts ("order") VALUES ($1) ON CONFLICT DO NOTHING`, [order])),
  };
}
