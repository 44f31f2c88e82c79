// Real parts: each is looked for, and what is missing is said with what to do.
import { expect, test } from "vitest";
import type { Part } from "../../scripts/parts/part.ts";
import { parts, startParts } from "../../scripts/parts/table.ts";

const there: Part = { name: "here", for: "x", start: async () => ({ there: true, what: "1.2" }) };
const gone: Part = {
  name: "gone",
  for: "some tests",
  start: async () => ({ there: false, how: "install it" }),
};

test("missing parts are named, with who needs them and what to do", async () => {
  const lines: string[] = [];
  expect(await startParts([there, gone], (line) => lines.push(line))).toEqual(["gone"]);
  expect(lines).toEqual(["part here: 1.2", "part gone: MISSING, needed for some tests. install it"]);
});

test("node is there, or this test would not run", async () => {
  const node = parts.find(({ name }) => name === "node");
  expect(await node?.start()).toMatchObject({
    there: true,
    what: expect.stringContaining(process.versions.node),
  });
});

test("no part is in the table twice", () => {
  expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
});
