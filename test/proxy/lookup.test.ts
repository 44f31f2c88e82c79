import type { LookupFunction } from "node:net";
import { expect, test } from "vitest";
import { sharedLookup } from "../../src/proxy/lookup.ts";

/** A name server that answers when it is told to. */
function slowNames() {
  const open: { readonly name: string; readonly answer: (address: string) => void }[] = [];
  const ask: LookupFunction = (name, _options, callback) => {
    open.push({ name, answer: (address) => callback(null, address, 4) });
  };
  return { open, lookup: sharedLookup(ask) };
}

test("a name that is being asked for is not asked for again, and all who wait get the answer", () => {
  const { open, lookup } = slowNames();
  const got: unknown[] = [];
  for (let i = 0; i < 100; i++) lookup("gone", {}, (_error, address) => got.push(address));
  lookup("next", {}, (_error, address) => got.push(address));
  expect(open.map(({ name }) => name)).toEqual(["gone", "next"]);
  open[1]?.answer("10.0.0.2");
  expect(got).toEqual(["10.0.0.2"]);
  open[0]?.answer("10.0.0.1");
  expect(got).toHaveLength(101);
});

test("an answer is not kept: who asks later gets a fresh one", () => {
  const { open, lookup } = slowNames();
  const got: unknown[] = [];
  lookup("app", {}, (_error, address) => got.push(address));
  open[0]?.answer("10.0.0.1");
  lookup("app", {}, (_error, address) => got.push(address));
  open[1]?.answer("10.0.0.9");
  expect(got).toEqual(["10.0.0.1", "10.0.0.9"]);
});
