import { expect, test } from "vitest";
import { countInstance, sickInstance, startInstances } from "../../../src/core/attribute/instances.ts";

/** By instance: requests, and how many of them failed. */
function counted(all: Readonly<Record<string, readonly [number, number]>>) {
  const instances = startInstances();
  for (const [name, [requests, errors]] of Object.entries(all))
    for (let i = 0; i < requests; i++) countInstance(instances, name, i < errors);
  return instances;
}

test("nine of ten failures of one instance among three are told", () => {
  expect(sickInstance(counted({ a: [100, 9], b: [100, 1], c: [100, 0] }))).toBe(
    "9 of 10 failures came from a, which answered 33.3 % of the requests",
  );
});

test("failures that are spread, or where most requests go anyway, single no instance out", () => {
  expect(sickInstance(counted({ a: [100, 5], b: [100, 5] }))).toBeNull();
  expect(sickInstance(counted({ a: [900, 9], b: [100, 1] }))).toBeNull();
  expect(sickInstance(counted({ a: [100, 9] }))).toBeNull();
  expect(sickInstance(counted({ a: [100, 4], b: [300, 0] }))).toBeNull();
});

test("more instances than are told apart cost no memory", () => {
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`i${i}`, [1, 0] as const]));
  expect(Object.keys(counted(many))).toHaveLength(100);
});
