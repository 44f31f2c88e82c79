// Real parts: each is looked for, what is missing is installed in one go, or said with what to do.
import { expect, test, vi } from "vitest";
import { oneAtATime } from "../../scripts/parts/one-at-a-time.ts";
import type { Part } from "../../scripts/parts/part.ts";
import { programPart } from "../../scripts/parts/program.ts";
import { parts, startParts, stopParts } from "../../scripts/parts/table.ts";

const there: Part = { name: "here", for: "x", start: async () => ({ there: true, what: "1.2" }) };
const gone: Part = {
  name: "gone",
  for: "some tests",
  start: async () => ({ there: false, how: "install it" }),
};
const nothing = async () => {};

/** A part that `install` can bring. */
function bought(name: string, installed: Set<string>): Part {
  const packages = [`${name}-package`, "common"];
  const isInstalled = async () => packages.every((wanted) => installed.has(wanted));
  const start: Part["start"] = async () =>
    (await isInstalled()) ? { there: true, what: name } : { there: false, how: "buy it" };
  return { name, for: "tests", packages, isInstalled, start };
}

test("missing parts are named, with who needs them and what to do", async () => {
  const lines: string[] = [];
  expect(await startParts([there, gone], (line) => lines.push(line), nothing)).toEqual(["gone"]);
  expect(lines).toEqual(["part here: 1.2", "part gone: MISSING, needed for some tests. install it"]);
});

test("what is missing is installed in one go before any part starts, and each package once", async () => {
  const installed = new Set(["a-package", "common"]);
  const calls: (readonly string[])[] = [];
  const install = async (names: readonly string[]) => {
    calls.push(names);
    for (const name of names) installed.add(name);
  };
  const all = ["a", "b", "c"].map((name) => bought(name, installed));
  expect(await startParts(all, () => {}, install)).toEqual([]);
  expect(calls).toEqual([["b-package", "common", "c-package"]]);
});

test("nothing is installed where nothing is missing", async () => {
  const install = async () => expect.unreachable();
  expect(await startParts([there, bought("a", new Set(["a-package", "common"]))], () => {}, install)).toEqual(
    [],
  );
});

test("a part that can't be installed is missing", async () => {
  expect(await startParts([bought("a", new Set())], () => {}, nothing)).toEqual(["a"]);
});

test("parts end last first, and one that does not end stops no other", async () => {
  const ended: string[] = [];
  const ending = (name: string): Part => ({ ...there, name, stop: async () => void ended.push(name) });
  const stuck: Part = { ...there, name: "stuck", stop: () => Promise.reject(new Error("no")) };
  const lines: string[] = [];
  vi.stubEnv("LASTGOOD_PARTS", "");
  await stopParts([ending("a"), stuck, there, ending("b")], (line) => lines.push(line));
  expect(ended).toEqual(["b", "a"]);
  expect(lines).toEqual(["part stuck did not end: no"]);
  vi.stubEnv("LASTGOOD_PARTS", "keep");
  await stopParts([ending("c")], (line) => lines.push(line));
  expect(ended).toEqual(["b", "a"]);
  vi.unstubAllEnvs();
});

test("a program that is not there is missing, and named with the package that brings it", async () => {
  const part = programPart({
    name: "x",
    for: "x",
    programs: ["node", "no-such-program"],
    packages: ["x-tools"],
  });
  expect(await part.isInstalled?.()).toBe(false);
  expect(await part.start()).toEqual({
    there: false,
    how: "no no-such-program here: apt-get install x-tools",
  });
});

test("work under one name is done by one at a time, also when it fails", async () => {
  const name = `test-${process.pid}`;
  let inside = 0;
  let most = 0;
  const work = async (fails: boolean) => {
    most = Math.max(most, ++inside);
    await new Promise((resolve) => setImmediate(resolve));
    inside--;
    if (fails) throw new Error("failed");
    return "done";
  };
  const results = await Promise.allSettled(
    [false, true, false].map((fails) => oneAtATime(name, () => work(fails))),
  );
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(most).toBe(1);
});

test("node is there, or this test would not run", async () => {
  const node = parts.find(({ name }) => name === "node");
  expect(await node?.start()).toMatchObject({
    there: true,
    what: expect.stringContaining(process.versions.node),
  });
});

test("no part is in the table twice, and all that can be installed say so", () => {
  expect(new Set(parts.map(({ name }) => name)).size).toBe(parts.length);
  const half = parts.filter(
    ({ packages, isInstalled }) => (packages === undefined) !== (isInstalled === undefined),
  );
  expect(half).toEqual([]);
});
