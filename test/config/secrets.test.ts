import fc from "fast-check";
import { expect, test } from "vitest";
import { formatConfigErrors } from "../../src/config/errors.ts";
import { blot, isLiteralSecret, looksSecret } from "../../src/config/secret-names.ts";
import { errorsOf, loaded, said, withEnv } from "./sample.ts";

const fix =
  "move this line into the file that `envFile` names, and change the secret if this file was ever shared";

test.each([
  "API_KEY",
  "STRIPE_SECRET",
  "JWT_TOKEN",
  "DB_PASSWORD",
  "PGPASSWORD",
  "SECRET_KEY_BASE",
  "AWS_SECRET_ACCESS_KEY",
  "REDIS_PASS",
])("a literal %s is refused and not repeated", (name) => {
  const text = withEnv(`{ ${name}: hunter2 }`);
  expect(said(text)).toEqual([
    `9:${16 + name.length + 2} environments.production.services.web.env.${name}: \`${name}\` looks like a secret, and secrets do not stand in this file -> ${fix}`,
  ]);
  expect(formatConfigErrors(errorsOf(text))).not.toContain("hunter2");
});

test.each([
  "NEXT_PUBLIC_STRIPE_KEY",
  "JWT_SECRET_FILE",
  "TOKEN_TTL",
  "MONKEY",
  "BYPASS",
  "KEYBOARD",
  "AUTHOR",
  "COMPASS_URL",
])("%s is a plain setting", (name) => {
  expect(looksSecret(name)).toBe(false);
  expect(loaded(withEnv(`{ ${name}: abc }`)).environments["production"]?.services?.["web"]?.env).toEqual({
    [name]: "abc",
  });
});

test("numbers and switches are no secrets, except as passwords", () => {
  expect(isLiteralSecret("MAX_TOKENS", "4096")).toBe(false);
  expect(isLiteralSecret("REQUIRE_TOKEN", "true")).toBe(false);
  expect(isLiteralSecret("DB_PASSWORD", "4096")).toBe(true);
  expect(isLiteralSecret("API_KEY", "")).toBe(false);
});

test("a password inside a URL is refused whatever the variable is called", () => {
  expect(said(withEnv('{ DATABASE_URL: "postgres://shop:hunter2@db/shop" }'))).toEqual([
    `9:30 environments.production.services.web.env.DATABASE_URL: the value of \`DATABASE_URL\` holds a password, and secrets do not stand in this file -> ${fix}`,
  ]);
  expect(said(withEnv('{ DATABASE_URL: "postgres://shop@db/shop" }'))).toEqual([]);
});

test("a secret that is a number is not repeated by a complaint about its type", () => {
  const errors = errorsOf(withEnv("{ DB_PASSWORD: 90210, OTHER: 1 }"));
  expect(errors.map(({ path }) => path.split(".").at(-1))).toEqual(["DB_PASSWORD", "OTHER"]);
  expect(JSON.stringify(errors)).not.toContain("90210");
});

test("a secret in a text that should have been a map is not repeated", () => {
  const [error] = errorsOf(withEnv('"API_KEY=hunter2"'));
  expect(error?.what).toBe("expected a map of keys, found `API_KEY=*******`");
});

test("outside brackets, commas and brackets belong to the value, and are blotted out with it", () => {
  expect(blot("  API_KEY: ab,cd]ef}gh # why")).toBe(`  API_KEY: ${"*".repeat(17)}`);
  expect(blot("{ API_KEY: abc, MODE: fast }")).toBe("{ API_KEY: ***, MODE: fast }");
  expect(blot("  MODE: API_KEY: abc")).toBe("  MODE: API_KEY: ***");
});

test("whatever else is wrong on its line, a secret is in no error", () => {
  const word = fc.stringMatching(/^[A-Za-z0-9+/=!?_'-]{6,30}$/).map((text) => `zq${text}qz`);
  const quoted = fc.constantFrom(
    (text: string) => text,
    (text: string) => `"${text}"`,
    (text: string) => `'${text.replaceAll("'", "''")}'`,
  );
  const around = fc.constantFrom(
    (pair: string) => `{ a b: 1, ${pair}, RETRIES: 3 }`,
    (pair: string) => `{ ${pair}, ${pair} }`,
    (pair: string) => `{ ${pair}, @ }`,
    (pair: string) => `[ ${pair} ]`,
    (pair: string) => `${pair}: b`,
    (pair: string) => `{ RETRIES: 3, # ${pair}\n }`,
  );
  const name = fc.constantFrom("API_KEY", "db_password", "TOKEN");
  fc.assert(
    fc.property(name, word, quoted, around, (key, value, quote, put) => {
      const errors = errorsOf(withEnv(put(`${key}: ${quote(value)}`)));
      expect(errors.length).toBeGreaterThan(0);
      expect(JSON.stringify(errors)).not.toContain(value);
      expect(formatConfigErrors(errors)).not.toContain(value);
    }),
    { numRuns: 300 },
  );
});

test("blotting keeps every column", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: "grapheme-ascii", maxLength: 200 }),
      (text) => blot(text).length === text.length,
    ),
  );
});
