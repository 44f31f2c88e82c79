// The checks of style, budget and names on samples that must not pass.
import { describe, expect, test } from "vitest";
import { checkFileLength, checkFunctionLength, checkPorts, spread } from "./budget.ts";
import { checkDependencies } from "./dependencies.ts";
import { checkPaths } from "./machine-paths.ts";
import { checkNames, fileName } from "./names.ts";
import { checkPage } from "./pages.ts";
import { type Breach, parse } from "./parse.ts";
import { checkShell, checkStyle } from "./style.ts";

function words(breaches: readonly Breach[]): readonly string[] {
  return breaches.map(({ what }) => what);
}

describe("the style", () => {
  test.each([
    ["enum A { b }", "enum"],
    ["export default 1;", "default export"],
    ["const a = 1; export { a as default };", "default export"],
    ["export const a = (b: any) => b;", "any"],
    ["export const a = [] as readonly any[];", "any"],
    ["export const a = (b: { c: number } | null) => b!.c;", "non-null !"],
    ['import a from "./a.ts"; export const b = a;', "import by name"],
    ['import { a } from "./a"; export const b = a;', "the file's ending"],
    ['const a = require("node:fs"); export const b = a;', "require"],
    ['import { createRequire } from "node:module"; export const b = createRequire;', "createRequire"],
    ['export const a = process.getBuiltinModule("node:fs");', "getBuiltinModule"],
    [`// @ts-${"ignore"}\nexport const a = 1;`, "mend what it hides"],
    [`/* @ts-${"nocheck"} */ export const a = 1;`, "mend what it hides"],
  ])("refuses %s", (text, what) => {
    expect(words(checkStyle(parse("src/x.ts", text))).join("\n")).toContain(what);
  });

  test("allows words that only look so", () => {
    const text = `
      import { z } from "zod";
      // any enum! export default
      export const a = z.enum(["any", "enum"]);
      export const b = (c: boolean | undefined) => !!c !== !c;
      export const d = { default: 1, any: "export default any" };`;
    expect(checkStyle(parse("src/x.ts", text))).toEqual([]);
  });

  const name = "sh";
  test.each([
    [`spawn("x", { ${"shell"}: true });`],
    [`spawn("x", { ${"shell"}: "/bin/bash" });`],
    [`run({ argv: ["${name}", "-c", "rm x"] });`],
    [`run({ argv: ["/bin/ba${name}", "-lc", \`rm \${x}\`] });`],
    [`run({ argv: ["env", "ba${name}", "-c", "x"] });`],
    [`run("/bin/${name} -c 'rm x'");`],
    [`run(\`ba${name} -c \${x}\`);`],
    [`import { ${"exec"}Sync } from "node:child_process";`],
  ])("refuses a shell: %s", (text) => {
    expect(checkShell(parse("src/x.ts", text))).not.toEqual([]);
  });

  test.each([
    'spawn("x", { shell: false });',
    'say("push the bush, -c");',
    'run({ argv: ["node", "-c", "x"] });',
  ])("allows what is no shell: %s", (text) => {
    expect(checkShell(parse("src/x.ts", text))).toEqual([]);
  });
});

describe("the budget", () => {
  test("counts the lines of a file", () => {
    expect(checkFileLength(parse("src/x.ts", "\n".repeat(400)))).toEqual([]);
    expect(words(checkFileLength(parse("src/x.ts", "\n".repeat(401))))).toEqual([
      "has 401 lines; 400 are the limit",
    ]);
  });

  test.each([
    ["function a() {", "}", "a"],
    ["const a = () => {", "};", "a"],
    ["export const b = { a() {", "} };", "a"],
    ["class B { a() {", "} }", "a"],
    ["[1].map(function () {", "});", "a function"],
  ])("counts the lines of a function: %s", (head, foot, name) => {
    const long = (lines: number) => parse("src/x.ts", `${head}${"\n".repeat(lines - 1)}${foot}`);
    expect(checkFunctionLength(long(70))).toEqual([]);
    expect(words(checkFunctionLength(long(71)))).toEqual([`${name} has 71 lines; 70 are the limit`]);
  });

  test("counts the methods of a port, however they are written, and no fields", () => {
    const methods = "a(): void; b: () => void; c?(): void; d(): void; e(): void; f(): void;";
    const port = (more: string) =>
      parse("src/ports/x.ts", `export interface Wide { ${methods} readonly size: number; ${more} }`);
    expect(checkPorts(port(""), {})).toEqual([]);
    expect(words(checkPorts(port("g(): void;"), {}))).toEqual(["Wide has 7 methods; 6 are the limit"]);
    expect(words(checkPorts(port("readonly g: (x: number) => string;"), {}))).toHaveLength(1);
  });

  test("a wide port that became another width is told", () => {
    const allowed = { Wide: { methods: 8, why: "x" } };
    const port = parse("src/ports/x.ts", "export interface Wide { a(): void }");
    expect(words(checkPorts(port, allowed))).toEqual(["Wide has 1 methods now: mend the allow list"]);
  });

  test("percentiles are of what is there", () => {
    expect(spread([5, 1, 4, 2, 3])).toEqual({ p50: 3, p95: 5, max: 5 });
    expect(spread([])).toEqual({ p50: 0, p95: 0, max: 0 });
  });
});

describe("names", () => {
  test.each([
    "type StateManager = 1;",
    "interface PathHelper {}",
    "class WebHandler {}",
    "export type StringUtils = 1;",
    "export type PayService = 1;",
  ])("refuses %s", (text) => {
    expect(checkNames(parse("src/x.ts", text))).toHaveLength(1);
  });

  test("allows the words elsewhere, and what the list allows", () => {
    const text =
      "export type ServiceSpec = { service: string }; export const handler = 1; /* class AManager {} */";
    expect(checkNames(parse("src/x.ts", text))).toEqual([]);
    const service = parse("src/x.ts", "export type Service = 1;");
    expect(checkNames(service)).toHaveLength(1);
    expect(checkNames(service, { "src/x.ts Service": "the word is meant" })).toEqual([]);
  });

  test.each([
    "src/os/file-utils.ts",
    "src/helper.ts",
    "src/os/openFile.ts",
    "src/Open.ts",
    "test/web-handler.test.ts",
  ])("refuses the file %s", (file) => {
    expect(fileName(file)).toHaveLength(1);
  });

  test.each([
    "src/os/in-parallel.ts",
    "test/a-b.test.ts",
    "examples/shop/make-versions.d.mts",
    "src/utility.ts",
  ])("allows the file %s", (file) => {
    expect(fileName(file)).toEqual([]);
  });
});

describe("paths of one machine", () => {
  test.each(["/work", '"/root"', "see /tmp/x.log", "/home/ann/shop", "(/work)", "file:///tmp/x"])(
    "refuses %s",
    (text) => {
      expect(checkPaths("a.md", `one\n${text}`)).toMatchObject([{ line: 2 }]);
    },
  );

  test.each([
    "net/tmp/x",
    "../home/x",
    "a/tmp/b",
    "/works",
    "/rooted",
    "/var/lib/shop",
    "$HOME/work",
    "get: /home-page",
    "http://x.org/work",
  ])("allows %s", (text) => {
    expect(checkPaths("a.md", text)).toEqual([]);
  });

  test("those that are meant stand in a list, for their file only", () => {
    const meant = { "a.md": { paths: /^\/tmp\/shop\//, why: "x" } };
    expect(checkPaths("a.md", "/tmp/shop/a", meant)).toEqual([]);
    expect(checkPaths("a.md", "/tmp/other", meant)).toHaveLength(1);
    expect(checkPaths("b.md", "/tmp/shop/a", meant)).toHaveLength(1);
  });
});

describe("packages", () => {
  const json = (names: readonly string[]) =>
    JSON.stringify({ dependencies: Object.fromEntries(names.map((name) => [name, "^1.0.0"])) });

  test("each needs its reason, and each reason its package", () => {
    expect(checkDependencies(json(["zod", "@a/b"]), "| `zod` | checks |\n| `@a/b` | does |")).toEqual([]);
    expect(checkDependencies(json(["zod", "@a/b"]), "| `zod` | checks |")).toEqual(["@a/b has no reason"]);
    expect(checkDependencies(json(["zod"]), "| `zod` |  |")).toEqual(["zod has no reason"]);
    expect(checkDependencies(json([]), "| `zod` | checks |")).toEqual(["zod is explained, but not used"]);
  });

  test("nine are too many", () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
    const page = names.map((name) => `| \`${name}\` | does |`).join("\n");
    expect(checkDependencies(json(names), page)).toEqual(["9 dependencies; 8 are the limit"]);
  });
});

describe("pages", () => {
  const tracked = ["src/core/run.ts", "docs/STYLE.md", "docs/decisions/0001-x.md"];

  test("a dead link and a file that is gone are told with their line", () => {
    const text =
      "see [one](STYLE.md), [two](decisions/), [three](https://x.org)\nand [four](gone.md), `core/run.ts`, `gone.ts`";
    expect(checkPage("docs/A.md", text, tracked)).toEqual([
      { file: "docs/A.md", line: 2, what: "gone.md is not there" },
      { file: "docs/A.md", line: 2, what: "gone.ts is not there" },
    ]);
  });
});
