import { expect, test } from "vitest";
import { plain, readTree, treeDepth, treeValues } from "../../src/config/yaml-tree.ts";
import { loaded, said, sample, spoilt, withLines } from "./sample.ts";

const begin = "begin with `app: <name>`, or let `lastgood init` write it";

function bomb(levels: number): string {
  const lines = ["x-0: &a0 [a, a, a, a, a, a, a, a, a, a]"];
  for (let i = 1; i <= levels; i++)
    lines.push(
      `x-${i}: &a${i} [${Array(10)
        .fill(`*a${i - 1}`)
        .join(", ")}]`,
    );
  return `${lines.join("\n")}\n`;
}

test.each<[string, string, readonly string[]]>([
  ["an empty file", "", [`1:1 : there are no keys in this file -> ${begin}`]],
  ["a file of comments", "# nothing yet\n", [`1:1 : there are no keys in this file -> ${begin}`]],
  ["a list", "- app: shop\n", [`1:1 : a config is a map of keys, and this is a list -> ${begin}`]],
  ["a text", "shop\n", [`1:1 : a config is a map of keys, and this is a value -> ${begin}`]],
  [
    "a key that stands twice, which says where it stood first",
    `${sample}app: shop2\n`,
    ["11:1 app: `app` stands here twice; first on line 1 -> remove one of the two"],
  ],
  [
    "a key that stands twice further down",
    spoilt("kind: proxy,", "kind: proxy, drain: 1s, drain: 2s,"),
    [
      "10:40 environments.production.traffic.drain: `drain` stands here twice; first on line 10 -> remove one of the two",
    ],
  ],
  [
    "tabs, each line of them",
    "app: shop\n\tstate: a\n\tcontroller: b\n",
    [
      "2:1 : a tab indents this line; YAML allows only spaces -> replace the tab by spaces",
      "3:1 : a tab indents this line; YAML allows only spaces -> replace the tab by spaces",
    ],
  ],
  [
    "a line without a colon",
    "app shop\nstate: x\n",
    ["1:1 : a line here is not `key: value` -> write a colon and a space after the key"],
  ],
  [
    "a value with a colon in it",
    "app: shop: two\n",
    [
      '1:6 : a key stands inside a value -> put a value that has ": " in it in quotes, and line up keys of one map',
    ],
  ],
  [
    "a line that lines up with nothing",
    "app: shop\nenvironments:\n    a: 1\n  b: 2\n",
    [
      "4:1 : this line does not line up with the lines around it -> indent keys of one map by the same number of spaces, and close brackets on the same or a deeper level",
    ],
  ],
  [
    "an open quote",
    'app: "shop\n',
    ["2:1 : something is not closed or not separated -> look for a missing quote, comma, colon or bracket"],
  ],
  [
    "a character that begins no value",
    "app: @shop\n",
    ['1:6 : a value cannot begin with this character -> put the value in quotes: "…"'],
  ],
  [
    "two documents",
    "app: shop\n---\napp: b\n",
    ["2:1 : a second document begins here -> one app a file: remove the line ---"],
  ],
  [
    "a tag",
    "app: !env NAME\n",
    ["1:6 : tags such as !name are not read -> remove the word that begins with !"],
  ],
  [
    "a key that is a list",
    "? [a]\n: b\n",
    ["1:3 : a key must be a plain word -> write a word before the colon"],
  ],
  [
    "YAML 1.1, where yes is true and << merges",
    "%YAML 1.1\n---\napp: shop\n",
    [
      "1:1 : YAML 1.1 reads words and numbers in another way; this file is read as 1.2 -> remove the %YAML line",
    ],
  ],
  [
    "a merge key",
    withLines("keep: { <<: {}, releases: 5 }"),
    [
      '11:13 environments.production.keep["<<"]: `<<` merges nothing: YAML 1.2 has no merge keys -> write the keys out, or write one alias as the whole value',
    ],
  ],
  [
    "__proto__ among fixed keys, and among names",
    spoilt(
      "        health: { path: /health }",
      "        health: { path: /health, __proto__: {} }\n        env: { __proto__: { a: b } }",
    ),
    [
      "9:34 environments.production.services.web.health.__proto__: `__proto__` cannot be a key -> remove it",
      "10:16 environments.production.services.web.env.__proto__: `__proto__` cannot be a key -> remove it",
    ],
  ],
  [
    "an alias of nothing",
    withLines("keep: *kept"),
    [
      "11:11 environments.production.keep: `*kept` names no anchor above it -> write &kept before the value that is meant",
      "11:11 environments.production.keep: expected a map of keys, found nothing -> write a map of keys, or remove the line",
    ],
  ],
  [
    "an alias that stands in itself",
    `x-a: &a { b: [*a] }\n${sample}`,
    ["1:15 x-a.b[0]: `*a` stands inside the value that it names -> write the value out"],
  ],
])("%s", (_, text, expected) => {
  expect(said(text)).toEqual(expected);
});

test("a billion laughs are stopped at the limit, and told once", () => {
  const errors = said(bomb(9) + sample);
  expect(errors[0]).toContain(
    `: with its aliases written out, the file has more than ${treeValues} values -> write out only what is needed`,
  );
  expect(errors.filter((error) => error.includes("aliases written out"))).toHaveLength(1);
});

test("ordinary aliases are far from the limit", () => {
  expect(loaded(bomb(2) + sample).app).toBe("shop");
});

test("2 MB are refused by their size, unread", () => {
  const text = `# ${"x".repeat(2 * 1024 * 1024)}\n${sample}`;
  expect(said(text)).toEqual([
    `1:1 : the file has ${text.length} characters; a config has at most 131072 -> look whether this is the right file`,
  ]);
});

test.each([
  ["brackets", "[".repeat(20_000)],
  ["braces", "{a: ".repeat(20_000)],
  ["dashes", `${"- ".repeat(20_000)}a`],
])("%s nested without end are an answer, not a crash", (_, text) => {
  const { tree, mistakes } = readTree(text);
  expect(tree).toBeNull();
  expect(mistakes[0]?.what).toBe("this is nested too deeply");
});

test("nesting that the parser bears but nobody needs is refused, too", () => {
  const { mistakes } = readTree(`x: ${"[".repeat(100)}${"]".repeat(100)}`);
  expect(mistakes.map(({ what }) => what)).toEqual([`this is nested deeper than ${treeDepth} levels`]);
});

test("an anchor that is given anew means the newest value, also after the old one was unfolded again", () => {
  const { tree, mistakes } = readTree("a: &o { k: &n 1 }\nb: &n 2\nc: *o\nd: *n\n");
  expect(mistakes).toEqual([]);
  expect(tree && plain(tree)).toEqual({ a: { k: 1 }, b: 2, c: { k: 1 }, d: 2 });
});

test("the core schema reads words as words", () => {
  const { tree } = readTree("a: yes\nb: on\nc: 1.10\nd: 012\ne: 1:30\nf: ~\n'g': 2026-01-01\n");
  expect(tree && plain(tree)).toEqual({
    a: "yes",
    b: "on",
    c: 1.1,
    d: 12,
    e: "1:30",
    f: null,
    g: "2026-01-01",
  });
});

test("Windows line ends and a byte order mark change nothing but what they are", () => {
  expect(loaded(`\ufeff${sample.replaceAll("\n", "\r\n")}`)).toEqual(loaded(sample));
  expect(said(spoilt("app: shop", "app: shop\nstat: a").replaceAll("\n", "\r\n"))).toEqual([
    "2:1 stat: `stat` is not a known key here -> write `state` [state]",
  ]);
});
