// The table's checks on samples that must not pass: a check that cannot fail is worth nothing.
import { describe, expect, test } from "vitest";
import { checkBounds, cycles, importsOf, staleGrants } from "./bounds.ts";
import { type Breach, parse, type Source } from "./parse.ts";
import { type Room, rooms } from "./table.ts";

function words(breaches: readonly Breach[]): readonly string[] {
  return breaches.map(({ what }) => what);
}

/** What the table says of one file with this text; the files that it may name are there. */
function bounds(file: string, text: string, among: readonly Room[] = rooms): readonly string[] {
  const others = [
    "src/core/run.ts",
    "src/core/json.ts",
    "src/ports/clock.ts",
    "src/os/exec.ts",
    "src/app/app.ts",
  ];
  const there = others.map((other) => parse(other, "export {};"));
  return words(checkBounds(among, [parse(file, text), ...there]).breaches);
}

describe("the table", () => {
  test.each([
    [
      "core to a port",
      "src/core/x.ts",
      'import { Clock } from "../ports/clock.ts";',
      "core may not import ports",
    ],
    [
      "a type is an import too",
      "src/core/x.ts",
      'import type { Clock } from "../ports/clock.ts";',
      "core may not import ports",
    ],
    [
      "so is a type in place",
      "src/core/x.ts",
      'export type A = import("../ports/clock.ts").Clock;',
      "core may not import ports",
    ],
    ["so is export from", "src/core/x.ts", 'export { run } from "../os/exec.ts";', "core may not import os"],
    ["so is export *", "src/core/x.ts", 'export * from "../os/exec.ts";', "core may not import os"],
    [
      "so is import()",
      "src/engine/x.ts",
      'export const a = () => import("../os/exec.ts");',
      "engine may not import os",
    ],
    [
      "so is a URL beside",
      "src/engine/x.ts",
      'export const a = new URL("../os/exec.ts", import.meta.url);',
      "engine may not import os",
    ],
    [
      "a computed import()",
      "src/app/x.ts",
      "export const a = (b: string) => import(b);",
      "app may not import (computed)",
    ],
    ["a package", "src/core/x.ts", 'import { parse } from "yaml";', "core may not import yaml"],
    [
      "a package's own folder",
      "src/app/x.ts",
      'import { stream } from "hono/streaming";',
      "app may not import hono",
    ],
    [
      "a scoped package",
      "src/app/x.ts",
      'import { serve } from "@hono/node-server";',
      "app may not import @hono/node-server",
    ],
    [
      "node:fs outside its home",
      "src/engine/x.ts",
      'import { readFileSync } from "node:fs";',
      "engine may not import node:fs",
    ],
    [
      "node's modules without node:",
      "src/os/x.ts",
      'import { readFileSync } from "fs";',
      "os may not import fs",
    ],
    [
      "crypto elsewhere in the core",
      "src/core/x.ts",
      'import { createHash } from "node:crypto";',
      "core may not import node:crypto",
    ],
    [
      "one driver to another kind",
      "src/drivers/runtime/x.ts",
      'import { a } from "../traffic/proxy.ts";',
      "../traffic/proxy.ts names no source file",
    ],
    ["main.ts", "src/compose/x.ts", 'import { main } from "../main.ts";', "nobody may import main.ts"],
    [
      "a file that is not there",
      "src/core/x.ts",
      'import { a } from "./gone.ts";',
      "./gone.ts names no source file",
    ],
    ["a room that nobody knows", "src/attic/x.ts", "export const a = 1;", "is in no room of the table"],
  ])("refuses: %s", (_, file, text, what) => {
    expect(bounds(file, text).join("\n")).toContain(what);
  });

  test("refuses one kind of driver in another kind", () => {
    const sources = [
      parse("src/drivers/runtime/x.ts", 'import { a } from "../traffic/y.ts";'),
      parse("src/drivers/traffic/y.ts", "export const a = 1;"),
    ];
    expect(words(checkBounds(rooms, sources).breaches)).toEqual([
      "drivers/runtime may not import drivers/traffic (../traffic/y.ts)",
    ]);
  });

  test("comments, strings, templates and regular expressions are no imports", () => {
    const text = `
      // import { a } from "../os/exec.ts";
      /* export * from "../os/exec.ts"; Date.now() */
      export const one = 'import { a } from "../os/exec.ts"';
      export const two = \`import("../os/exec.ts") \${1 + 1} process.env\`;
      export const three = /import "node:fs" [\`'"]/;
      export const four = one.length / 2 / 3;
      import { run } from "./run.ts";
      export const five = run;`;
    expect(bounds("src/core/x.ts", text)).toEqual([]);
    expect(importsOf(parse("src/core/x.ts", text)).map(({ to }) => to)).toEqual(["./run.ts"]);
  });

  test.each([
    ["the clock", "export const a = () => Date.now();", "Date.now"],
    ["the clock by another name", "const D = Date; export const a = D;", "Date"],
    ["the time of now as a date", "export const a = new Date();", "new Date()"],
    ["the time of now as a text", "export const a = Date();", "Date"],
    ["performance", "export const a = performance.now();", "performance"],
    ["chance", "export const a = Math.random();", "Math.random"],
    ["chance taken out", "const { random } = Math; export const a = random;", "Math.random"],
    ["random names", "export const a = crypto.randomUUID();", "randomUUID"],
    ["timers", "export const a = setTimeout(() => 1, 5);", "setTimeout"],
    ["timers passed on", "export const a = [setTimeout];", "setTimeout"],
    ["timers as signals", "export const a = AbortSignal.timeout(5);", "AbortSignal.timeout"],
    ["the environment", 'export const a = process.env["HOME"];', "process.env"],
    ["the environment taken out", "const { env } = process; export const a = env;", "process.env"],
    ["the environment by a text", 'export const a = process["env"];', "process.env"],
    ["the exit", "export const a = () => process.exit(1);", "process.exit"],
    ["the process", "export const a = process.pid;", "process.pid"],
    ["the net", 'export const a = () => fetch("http://x");', "fetch"],
    ["all of it", 'export const a = globalThis["fetch"];', "globalThis"],
  ])("refuses in the engine: %s", (_, text, what) => {
    expect(bounds("src/engine/x.ts", text)).toEqual([`engine may not use ${what}`]);
  });

  test.each([
    ["a date of a given time", "export const a = (at: number) => new Date(at).toISOString();"],
    ["mathematics", "export const a = Math.max(1, 2);"],
    ["a process of another meaning", "export const a = (process: { pid: number }) => process.pid;"],
    ["a fetch that was handed in", "export const a = ({ fetch }: { fetch(x: string): void }) => fetch('x');"],
    ["a key of that name", "export const a = { setTimeout: 1, performance: 2, process: 3 };"],
    ["a property of that name", "export const a = (b: { setTimeout(x: number): void }) => b.setTimeout(0);"],
    ["a type of that name", "export type A = { at: Date };"],
  ])("allows in the engine: %s", (_, text) => {
    expect(bounds("src/engine/x.ts", text)).toEqual([]);
  });

  test.each([
    "export async function a(): Promise<void> {}",
    "export const a = async () => 1;",
    "export const a = { async b() {} };",
    "export type A = Promise<number>;",
    "export const a = Promise.resolve(1);",
  ])("refuses in the core, which never waits: %s", (text) => {
    expect(bounds("src/core/x.ts", text).join("\n")).toContain("core may not use");
  });

  test("a grant for one file is for that file only", () => {
    const text = 'import { createHash } from "node:crypto"; export const a = createHash;';
    expect(bounds("src/core/digest.ts", text)).toEqual([]);
    expect(bounds("src/core/other.ts", text)).toEqual(["core may not import node:crypto"]);
  });

  test("a grant that nobody uses is told", () => {
    const room: Room = {
      room: "core",
      imports: [],
      grants: { zod: "x", yaml: "y" },
      files: { "a.ts": { clock: "z" } },
    };
    const { used } = checkBounds(
      [room],
      [parse("src/core/b.ts", 'import { z } from "zod"; export const a = z;')],
    );
    expect(staleGrants([room], used)).toEqual(["core||yaml", "core|a.ts|clock"]);
  });

  test("every room and every grant has its reason", () => {
    const reasons = rooms
      .flatMap(({ grants, files }) => [grants, ...Object.values(files ?? {})])
      .flatMap(Object.values);
    expect(reasons.filter((reason) => reason === "")).toEqual([]);
    expect(new Set(rooms.map(({ room }) => room)).size).toBe(rooms.length);
  });
});

describe("circles", () => {
  const tree = (imports: Readonly<Record<string, readonly string[]>>): readonly Source[] =>
    Object.entries(imports).map(([file, to]) =>
      parse(`src/${file}.ts`, to.map((one) => `import "./${one}.ts";`).join("\n")),
    );

  test("are found whatever their length", () => {
    expect(cycles(tree({ a: ["a"] }))).toEqual(["src/a.ts -> src/a.ts"]);
    expect(cycles(tree({ a: ["b"], b: ["c"], c: ["b"] }))).toEqual(["src/b.ts -> src/c.ts -> src/b.ts"]);
    expect(cycles(tree({ d: [], a: ["b", "d"], b: ["c"], c: ["d", "a"] }))).toEqual([
      "src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts",
    ]);
  });

  test("two ways to one file are none", () => {
    expect(cycles(tree({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] }))).toEqual([]);
  });

  test("types make circles too", () => {
    const sources = [
      parse("src/a.ts", 'import type { B } from "./b.ts"; export type A = B;'),
      parse("src/b.ts", 'export * from "./a.ts";'),
    ];
    expect(cycles(sources)).toHaveLength(1);
  });
});
