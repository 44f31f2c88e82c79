import { expect, test } from "vitest";
import { formatConfigErrors, pathText, toErrors } from "../../src/config/errors.ts";
import { errorsOf, sample, spoilt } from "./sample.ts";

test("an error is printed with its place, its line, a caret and the fix", () => {
  const text = spoilt("listen: 127.0.0.1:8080", "lisen: 127.0.0.1:8080").replace("app: shop", "app: Shop");
  expect(formatConfigErrors(errorsOf(text))).toBe(`lastgood.yml:1:6  app
  \`Shop\` cannot be a name
  1 | app: Shop
    |      ^^^^
  fix: write up to 40 of a-z, 0-9, - and _, such as shop

lastgood.yml:10:29  environments.production.traffic.lisen
  \`lisen\` is not a known key here
  10 |     traffic: { kind: proxy, lisen: 127.0.0.1:8080 }
     |                             ^^^^^
  fix: write \`listen\`
`);
});

test("an error about the whole file has no path", () => {
  expect(formatConfigErrors(errorsOf(""))).toBe(`lastgood.yml:1:1
  there are no keys in this file
  1 | 
    | ^
  fix: begin with \`app: <name>\`, or let \`lastgood init\` write it
`);
});

test("of a long line the part around the mistake is shown, with the caret below it", () => {
  const text = spoilt(
    "{ path: /health }",
    `{ path: /health, x-a: ${"y".repeat(400)}, timeuot: 5s, x-b: ${"z".repeat(400)} }`,
  );
  const [error] = errorsOf(text);
  expect(error?.source.length).toBeLessThanOrEqual(120);
  expect(error?.source.slice(error.caret, error.caret + error.width)).toBe("timeuot");
  expect(error?.column).toBe(441);
});

test("control characters of the file reach no terminal", () => {
  const errors = errorsOf(`"st\u001b[31mate\u202e": 1\n${sample}    strategy: "a\\u001b[2J"\n`);
  expect(errors.map(({ what }) => what)).toEqual([
    "`st?[31mate?` is not a known key here",
    "expected side-by-side or pause, found `a?[2J`",
  ]);
  const printed = formatConfigErrors(errors) + errors.map(({ path, source }) => path + source).join();
  expect(printed.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\u202e/u);
});

test("hundreds of mistakes are listed to a bound, and the rest is counted", () => {
  const text = `${sample}${Array.from({ length: 300 }, (_, i) => `gravity${i}: 1`).join("\n")}\n`;
  const errors = errorsOf(text);
  expect(errors).toHaveLength(101);
  expect(errors.at(-1)).toMatchObject({ what: "200 more mistakes are not listed", fix: "mend these first" });
  expect(formatConfigErrors(errors).endsWith("\nand 51 more\n")).toBe(true);
});

test("a place beyond the last line is shown at its end", () => {
  const [error] = toErrors(
    [{ path: [], span: { start: 99, end: 120 }, what: "w", fix: "f", suggestion: null }],
    "app: a\n",
    "f.yml",
  );
  expect(error).toMatchObject({ line: 2, column: 1, source: "", caret: 0, width: 1 });
});

test("a path reads as one would write it, odd keys in quotes", () => {
  expect(pathText([])).toBe("");
  expect(pathText(["a", "b-c", 0, "d e", "f"])).toBe('a.b-c[0]["d e"].f');
});
