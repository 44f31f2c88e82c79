CREATE TABLE products (id integer PRIMARY KEY, name text NOT NULL, cents integer NOT NULL);
CREATE TABLE accounts (
  id serial PRIMARY KEY, email text NOT NULL UNIQUE, name text NOT NULL, password text NOT NULL
);
CREATE TABLE sessions (sid text PRIMARY KEY, account integer NOT NULL REFERENCES accounts (id));
CREATE TABLE orders (
  seq serial PRIMARY KEY, id text NOT NULL UNIQUE, account integer NOT NULL REFERENCES accounts (id),
  product integer NOT NULL REFERENCES products (id), quantity integer NOT NULL, cents integer NOT NULL,
  at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE payments (
  "order" text PRIMARY KEY REFERENCES orders (id), cents integer NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE receipts ("order" text PRIMARY KEY REFERENCES orders (id), at timestamptz NOT NULL DEFAULT now());
INSERT INTO products VALUES
  (1, 'Tea', 450), (2, 'Bread', 380), (3, 'Honey', 890), (4, 'Lamp', 3900), (5, 'Blanket', 5400);
