import { posix } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isWithin, resolvePath } from "../../src/config/path-text.ts";
import { resolvePaths } from "../../src/config/paths.ts";
import { configField } from "../../src/config/schema.ts";
import { leavesOf } from "../../src/config/shape.ts";
import { pathTitles } from "../../src/config/values.ts";
import { loaded, withLines } from "./sample.ts";

const text = withLines(
  "database: { kind: sqlite, file: ../data/shop.db }",
  "notify: [ { kind: webhook, url: https://example.com, secretFile: /etc/hook } ]",
).replace("        health:", "        envFile: ./.env\n        health:");

test("every path becomes absolute against the folder of the file, and nothing else changes", () => {
  const config = loaded(text);
  const resolved = resolvePaths(config, "/srv/shop");
  const changed = leavesOf(configField, config).flatMap((leaf, i) => {
    const now = leavesOf(configField, resolved)[i]?.value;
    return now === leaf.value || typeof now === "object" ? [] : [[leaf.path.at(-1), now]];
  });
  expect(changed).toEqual([
    ["state", "/srv/shop/.lastgood"],
    ["source", "/srv/shop/releases/{version}"],
    ["envFile", "/srv/shop/.env"],
    ["file", "/srv/data/shop.db"],
  ]);
  expect(resolved.environments["production"]?.notify[0]?.secretFile).toBe("/etc/hook");
  expect(resolved.environments["production"]?.traffic).toEqual(config.environments["production"]?.traffic);
});

test("no path is left relative", () => {
  const leaves = leavesOf(configField, resolvePaths(loaded(text), "/a"));
  const paths = leaves.filter(({ title }) => pathTitles.includes(title)).map(({ value }) => String(value));
  expect(paths).toHaveLength(5);
  expect(paths.filter((path) => !path.startsWith("/"))).toEqual([]);
});

test("a relative base is a bug of the caller", () => {
  expect(() => resolvePaths(loaded(text), "shop")).toThrow("absolute path");
});

test("paths resolve as those of Node do", () => {
  const path = fc
    .array(fc.constantFrom("a", "b.c", ".", "..", "", "{version}"), { maxLength: 8 })
    .map((parts) => parts.join("/"));
  fc.assert(
    fc.property(path, path, (base, relative) => {
      expect(resolvePath(`/${base}`, relative)).toBe(posix.resolve(`/${base}`, relative));
    }),
  );
});

test("a folder holds itself and what is below, not its namesakes", () => {
  expect(isWithin("/a/b", "/a/b")).toBe(true);
  expect(isWithin("/a/b", "/a/b/c")).toBe(true);
  expect(isWithin("/", "/a")).toBe(true);
  expect(isWithin("/a/b", "/a/bc")).toBe(false);
  expect(isWithin("/a/b", "/a")).toBe(false);
});
