import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { z } from "zod";
import { main, stale, table } from "../../scripts/gen.ts";
import { configExample, configJsonSchema, configReference } from "../../src/config/generate/pages.ts";
import { configField } from "../../src/config/schema.ts";
import { fieldsBelow } from "../../src/config/shape.ts";
import { plain, readTree } from "../../src/config/yaml-tree.ts";
import { loaded, said, sample, spoilt, withLines } from "./sample.ts";

const root = join(import.meta.dirname, "../..");
const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
  vi.restoreAllMocks();
});

test("no generated file is stale (else: npm run gen)", async () => {
  expect(await stale(root, table)).toEqual([]);
});

test("gen --check runs as a program and finds nothing to do", () => {
  const run = spawnSync(process.execPath, [join(root, "scripts/gen.ts"), "--check"], { encoding: "utf8" });
  expect([run.status, run.stderr]).toEqual([0, ""]);
});

test("gen writes what is missing, and --check names what was changed since", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gen-"));
  folders.push(folder);
  const spoken: unknown[] = [];
  vi.spyOn(console, "error").mockImplementation((line) => spoken.push(line));
  vi.spyOn(console, "log").mockImplementation(() => undefined);
  expect(await main(["--check"], folder)).toBe(1);
  expect(spoken).toHaveLength(table.length);
  expect(await main([], folder)).toBe(0);
  expect(await main(["--check"], folder)).toBe(0);
  appendFileSync(join(folder, "docs/reference/config.md"), "by hand\n");
  expect(await main(["--check"], folder)).toBe(1);
  expect(spoken.at(-1)).toBe("docs/reference/config.md is stale: npm run gen");
});

test("the example loads without errors, and shows the defaults", () => {
  const shown = loaded(configExample()).environments["production"];
  const bare = loaded(sample).environments["production"];
  expect(said(configExample())).toEqual([]);
  expect(shown?.watch).toEqual({ ...bare?.watch, payments: expect.anything(), events: expect.anything() });
  expect(shown?.keep).toEqual(bare?.keep);
  const { listen: _, ...defaults } = bare?.traffic?.kind === "proxy" ? bare.traffic : { listen: null };
  expect(shown?.traffic).toMatchObject({ ...defaults, client: expect.anything() });
});

test("example and reference page describe every key, with the default of each that has one", () => {
  const unwrapped = configExample().replace(/\n *(?:# *)+/g, " ");
  const page = configReference();
  for (const [path, field] of fieldsBelow(configField)) {
    const key = path.at(-1) ?? "";
    if (key === "<name>" || key === "[]") continue;
    expect(unwrapped, path.join(".")).toContain(field.description);
    const row = page
      .split("\n")
      .filter((line) => line.startsWith(`| \`${key}\` |`) && line.includes(field.description.slice(0, 20)));
    expect(row, path.join(".")).not.toEqual([]);
    if (typeof field.fallback !== "string" && typeof field.fallback !== "number") continue;
    expect(unwrapped, path.join(".")).toContain(
      `${field.description} (${field.title}; default ${field.fallback})`,
    );
    expect(row.join(), path.join(".")).toContain(`\`${field.fallback}\``);
  }
});

const published = z.fromJSONSchema(JSON.parse(configJsonSchema()));
const accepts = (text: string) => {
  const { tree } = readTree(text);
  return tree !== null && published.safeParse(plain(tree)).success;
};

test("the published schema takes what the product takes", () => {
  expect(accepts(configExample())).toBe(true);
  expect(accepts(sample)).toBe(true);
  expect(accepts(readFileSync(join(root, "docs/reference/lastgood.example.yml"), "utf8"))).toBe(true);
});

test.each([
  ["an unknown key", withLines("smok: []")],
  ["an unknown key deep down", spoilt("{ path: /health }", "{ path: /health, timeuot: 5s }")],
  ["a missing key", spoilt("app: shop\n", "")],
  ["a wrong name", spoilt("  production:", "  Production:")],
  ["a wrong duration", withLines("watch: { for: 30 minutes }")],
  ["a source without {version}", spoilt("releases/{version}", "releases")],
  ["a kind that there is not", spoilt("runtime: process", "runtime: proces")],
])("the published schema refuses %s", (_, text) => {
  expect(accepts(text)).toBe(false);
  expect(said(text)).not.toEqual([]);
});

test("the published schema allows x- keys in every map", () => {
  const maps = Object.entries(flatten(JSON.parse(configJsonSchema()))).filter(
    ([, node]) => node["type"] === "object",
  );
  expect(maps.length).toBeGreaterThan(10);
  for (const [where, node] of maps) {
    expect(node["patternProperties"], where).toHaveProperty(["^x-"], {});
    expect(node["additionalProperties"], where).toBe(false);
  }
});

function flatten(node: unknown, where = "#"): Record<string, Record<string, unknown>> {
  if (typeof node !== "object" || node === null) return {};
  const below = Object.entries(node).map(([key, child]) => flatten(child, `${where}/${key}`));
  return Object.assign({ [where]: node }, ...below);
}
