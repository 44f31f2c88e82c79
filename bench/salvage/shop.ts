// Eight related tables, what users write into them, and their hashes.
export const tables = `
  CREATE TABLE customers(id bigserial PRIMARY KEY, email text UNIQUE NOT NULL, name text);
  CREATE TABLE addresses(id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, street text);
  CREATE TABLE categories(id int PRIMARY KEY, parent_id int REFERENCES categories, title text);
  CREATE TABLE products(id uuid PRIMARY KEY DEFAULT gen_random_uuid(), n int, category_id int REFERENCES categories, price numeric(10,2), data jsonb);
  CREATE TABLE orders(id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, placed timestamptz DEFAULT now(), note text);
  CREATE TABLE order_lines(order_id bigint REFERENCES orders, line int, product_id uuid REFERENCES products, pieces int, PRIMARY KEY (order_id, line));
  CREATE TABLE payments(id bigserial PRIMARY KEY, order_id bigint REFERENCES orders, amount numeric);
  CREATE TABLE events(id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_id bigint REFERENCES orders, at timestamptz DEFAULT now(), body text);
  CREATE INDEX ON orders(customer_id); CREATE INDEX ON payments(order_id); CREATE INDEX ON events(order_id); CREATE INDEX ON addresses(customer_id);`;

/** As many orders as `n`, and what belongs to them: about five times as many rows in all. */
export const rowsBefore = (n: number) => `
  INSERT INTO customers(email, name) SELECT 'c' || g || '@example.org', 'Customer ' || g FROM generate_series(1, ${n}) g;
  INSERT INTO addresses(customer_id, street) SELECT g, 'Street ' || g FROM generate_series(1, ${n}) g;
  INSERT INTO categories SELECT g, nullif(g / 4, 0), 'Category ' || g FROM generate_series(1, 500) g;
  INSERT INTO products(n, category_id, price, data) SELECT g, 1 + g % 500, g % 1000, jsonb_build_object('n', g) FROM generate_series(1, 2000) g;
  INSERT INTO orders(customer_id, note) SELECT g, 'order ' || g FROM generate_series(1, ${n}) g;
  INSERT INTO order_lines SELECT g, 1, (SELECT id FROM products WHERE n = 1), 2 FROM generate_series(1, ${n}) g;
  INSERT INTO payments(order_id, amount) SELECT g, g FROM generate_series(1, ${n}) g;
  ANALYZE;`;

/** In all `rows` rows: nine of ten new, the others changed and deleted. */
export function writtenSince(rows: number, n: number): string {
  const part = Math.floor((rows * 0.9) / 6);
  const changed = Math.floor((rows * 0.08) / 2);
  const deleted = Math.floor((rows * 0.02) / 2);
  return `
  INSERT INTO customers(email, name) SELECT 'new' || g || '@example.org', 'New ' || g FROM generate_series(1, ${part}) g;
  INSERT INTO addresses(customer_id, street) SELECT ${n} + g, 'New street' FROM generate_series(1, ${part}) g;
  INSERT INTO orders(customer_id, note) SELECT ${n} + g, 'new' FROM generate_series(1, ${part}) g;
  INSERT INTO order_lines SELECT ${n} + g, 1, (SELECT id FROM products WHERE n = 2), 1 FROM generate_series(1, ${part}) g;
  INSERT INTO payments(order_id, amount) SELECT ${n} + g, 7 FROM generate_series(1, ${part}) g;
  INSERT INTO events(order_id, body) SELECT ${n} + g, 'placed' FROM generate_series(1, ${part}) g;
  UPDATE customers SET name = name || ' (moved)' WHERE id BETWEEN 1000 AND ${999 + changed};
  UPDATE orders SET note = 'changed' WHERE id BETWEEN 2000 AND ${1999 + changed};
  DELETE FROM payments WHERE id BETWEEN 100 AND ${99 + deleted};
  DELETE FROM order_lines WHERE order_id BETWEEN 100 AND ${99 + deleted};
  UPDATE categories SET title = title || '!' WHERE id < 10; UPDATE products SET price = price + 1 WHERE n < 10;`;
}

/** Taken while the restored database was in use: a unique value, and a row that was changed in both. */
export const conflicting =
  "INSERT INTO customers(id, email) VALUES(99999999, 'new1@example.org'); UPDATE customers SET name = 'live' WHERE id = 1000;";

export const names = [
  "addresses",
  "categories",
  "customers",
  "events",
  "order_lines",
  "orders",
  "payments",
  "products",
];
