// What changed, from the journal's facts: kinds, times and names.
import { expect, test } from "vitest";
import {
  type Changes,
  environmentChanges,
  foldChanges,
  noChanges,
} from "../../../src/core/attribute/changes.ts";
import type { Event, NewEvent } from "../../../src/core/event.ts";
import type { Release } from "../../../src/core/release.ts";
import type { RunState } from "../../../src/core/run.ts";

const health = { path: "/health", timeoutMs: 1, intervalMs: 1 };
function release(id: string, spec: Release["services"][string]["spec"]): Release {
  const web = { class: "app" as const, routed: true, health, stopGraceMs: 1, spec };
  return { id, version: id, digest: id, services: { web } };
}
const v1 = release("v1", { env: { MODE: "a", PORT: "1", OLD: "x" }, envFileDigest: "one" });
const v2 = release("v2", { env: { MODE: "b", PORT: "1", NEW: "y" }, envFileDigest: "two" });
const releases = { v1: { release: v1 }, v2: { release: v2 } };
const run = { run: "run-1", plan: { kind: "deploy", from: "v1", target: "v2" } } as RunState;
const ref = { run: "run-1", key: "k", direction: "do" as const, attempt: 1, recovered: false, ms: 1 };

function fold(facts: readonly (readonly [number, NewEvent])[], of: RunState | null = run): Changes {
  return facts.reduce(
    (changes, [at, event]) => foldChanges(changes, { ...event, at } as Event, of, releases),
    noChanges,
  );
}
const step = (kind: string, evidence: object): NewEvent =>
  ({ type: "step.verified", data: { ...ref, kind, evidence } }) as unknown as NewEvent;
const config = (parts: Record<string, string>): NewEvent => ({
  type: "config.applied",
  data: { env: "production", parts },
});
const certificate = (fingerprint: string, since: number): NewEvent => ({
  type: "certificate.seen",
  data: { env: "production", about: "shop.example", fingerprint, endsAt: 9, since },
});

test("a deploy is a change from its first switch on, its migration from its end on, and so are values that it starts with", () => {
  const { known } = fold([
    [10, step("task.run", { task: "migrate", exitCode: 0 })],
    [20, step("traffic.switch", { release: "v2" })],
    [21, step("traffic.switch", { release: "v2" })],
    [30, { type: "run.ended", data: { run: "run-1", outcome: "done", why: null, ms: 1 } }],
  ]);
  expect(known.map(({ kind, name, at }) => [kind, name, at])).toEqual([
    ["migration", "migrate", 10],
    ["deploy", "v2", 20],
    ["env", "MODE of web, NEW of web, OLD of web, env file of web", 20],
  ]);
});

test("a deploy that ends before it switches anything is none", () => {
  const undone = { run: "run-1", outcome: "undone" as const, why: null, ms: 1 };
  expect(fold([[30, { type: "run.ended", data: undone }]]).known).toEqual([]);
});

test("another config is a change by the names of its keys; the first one is none, nor is the same one", () => {
  const { known } = fold([
    [1, config({ watch: "a", policy: "b" })],
    [2, config({ watch: "a", policy: "b" })],
    [3, config({ watch: "c", policy: "b", checks: "d" })],
  ]);
  expect(known).toEqual([{ kind: "config", name: "lastgood.yml (checks, watch)", at: 3 }]);
});

test("a renewed certificate is a change from when the former one was seen last; the first one is none", () => {
  const { known } = fold([
    [100, certificate("one", 50)],
    [900, certificate("two", 600)],
  ]);
  expect(known).toEqual([{ kind: "certificate", name: "shop.example", at: 600 }]);
});

test("what a runtime keeps only as a digest is compared as a whole, and only where both releases have it", () => {
  const before = release("v1", { envDigest: "a" });
  expect(environmentChanges(before, release("v2", { envDigest: "b" }))).toEqual(["environment of web"]);
  expect(environmentChanges(release("v1", {}), release("v2", { envDigest: "b" }))).toEqual([]);
  expect(environmentChanges(null, v1)).toEqual([]);
});
