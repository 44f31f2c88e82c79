// The shop's SQLite database; a write is durable when its function returns.
import { mkdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";

const BUSY_TIMEOUT_MS = 5_000;

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS products (id INTEGER PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL) STRICT;
  CREATE TABLE IF NOT EXISTS accounts (
    id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, name TEXT NOT NULL, password TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS sessions (
    sid TEXT PRIMARY KEY, account INTEGER NOT NULL REFERENCES accounts (id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, account INTEGER NOT NULL REFERENCES accounts (id),
    product INTEGER NOT NULL REFERENCES products (id), quantity INTEGER NOT NULL, cents INTEGER NOT NULL,
    at TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS payments (
    "order" TEXT PRIMARY KEY REFERENCES orders (id), cents INTEGER NOT NULL, at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO products VALUES
    (1, 'Tea', 450), (2, 'Bread', 380), (3, 'Honey', 890), (4, 'Lamp', 3900), (5, 'Blanket', 5400);
`;

/**
 * @typedef {{ id: number, name: string, cents: number }} Product
 * @typedef {{ id: number, email: string, name: string, password: string }} Account
 * @typedef {{
 *   seq: number, id: string, account: number, product: number, quantity: number, cents: number, at: string,
 *   paid: 0 | 1,
 * }} Order
 * @typedef {{ id: string, account: number, product: Product, quantity: number }} NewOrder
 * @typedef {ReturnType<typeof openStore>} Store
 */

/** @param {string} file */
export function openStore(file) {
  mkdirSync(path.dirname(file), { recursive: true });
  const database = new DatabaseSync(file, { timeout: BUSY_TIMEOUT_MS });
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON");
  // Another version may be starting on the same file: take the write lock first, or both would read, then collide.
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} COMMIT`);
  return { ...people(database), ...trade(database), ...upkeep(database) };
}

/** @param {DatabaseSync} database */
function people(database) {
  const add = database.prepare(
    "INSERT INTO accounts (email, name, password) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const byEmail = database.prepare("SELECT * FROM accounts WHERE email = ?");
  const bySession = database.prepare(
    "SELECT a.* FROM sessions s JOIN accounts a ON a.id = s.account WHERE s.sid = ?",
  );
  const addSession = database.prepare("INSERT INTO sessions (sid, account) VALUES (?, ?)");
  return {
    /** False where the address is taken. @param {string} email @param {string} name @param {string} password */
    register: (email, name, password) => add.run(email, name, password).changes === 1,
    /** @param {string} email */
    accountByEmail: (email) => /** @type {Account | undefined} */ (byEmail.get(email)),
    /** @param {string} sid */
    accountOf: (sid) => /** @type {Account | undefined} */ (bySession.get(sid)),
    /** @param {string} sid @param {number} account */
    openSession: (sid, account) => void addSession.run(sid, account),
  };
}

/** @param {DatabaseSync} database */
function trade(database) {
  const products = database.prepare("SELECT * FROM products ORDER BY id");
  const product = database.prepare("SELECT * FROM products WHERE id = ?");
  const add = database.prepare(`INSERT INTO orders (id, account, product, quantity, cents, at)
    VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`);
  const order = database.prepare(`SELECT o.*, p."order" IS NOT NULL AS paid
    FROM orders o LEFT JOIN payments p ON p."order" = o.id WHERE o.id = ?`);
  const page = database.prepare("SELECT seq, id, cents, at FROM orders WHERE seq > ? ORDER BY seq LIMIT ?");
  const pay = database.prepare(
    `INSERT INTO payments ("order", cents, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`,
  );
  return {
    products: () => /** @type {Product[]} */ (products.all()),
    /** @param {number} id */
    product: (id) => /** @type {Product | undefined} */ (product.get(id)),
    /** @param {string} id */
    order: (id) => /** @type {Order | undefined} */ (order.get(id)),
    /** False where an order of this id is there already. @param {NewOrder} wanted */
    placeOrder(wanted) {
      const cents = wanted.product.cents * wanted.quantity;
      const at = new Date().toISOString();
      return add.run(wanted.id, wanted.account, wanted.product.id, wanted.quantity, cents, at).changes === 1;
    },
    /** Orders with a higher number than `after`, lowest first: numbers rise in the order of commits.
     * @param {number} after @param {number} most
     */
    ordersAfter: (after, most) => page.all(after, most),
    /** False where it is paid already. @param {Order} paid */
    pay: (paid) => pay.run(paid.id, paid.cents, new Date().toISOString()).changes === 1,
  };
}

/** @param {DatabaseSync} database */
function upkeep(database) {
  const count = database.prepare(
    "SELECT (SELECT count(*) FROM products) AS products, max(seq) AS orders FROM orders",
  );
  return {
    /** Reads from the tables that matter; throws where it cannot. */
    counts() {
      const row = /** @type {{ products: number, orders: number | null }} */ (count.get());
      return { products: row.products, orders: row.orders ?? 0 };
    },
    /** SQLite has no question that takes long without holding up everybody: only PostgreSQL shows this. */
    askLong: async () => {},
    close: () => database.close(),
  };
}
