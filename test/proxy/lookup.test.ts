import type { LookupFunction } from "node:net";
import { expect, test } from "vitest";
import { sharedLookup } from "../../src/proxy/lookup.ts";

/** A name server that answers when it is told to. */
function slowNames(time = { ms: 0 }) {
  const open: { readonly name: string; answer(address: string): void; fail(): void }[] = [];
  const ask: LookupFunction = (name, _options, callback) => {
    open.push({
      name,
      answer: (address) => callback(null, address, 4),
      fail: () => callback(new Error("no such name"), "", 4),
    });
  };
  return { open, time, lookup: sharedLookup(() => time.ms, ask) };
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

test("who comes long after the question asks anew, and is not told that nothing was there before", () => {
  const { open, time, lookup } = slowNames();
  const got: string[] = [];
  const ask = (who: string) =>
    lookup("app", {}, (error, address) => got.push(`${who} ${error ? "-" : address}`));
  ask("first");
  time.ms = 1_000;
  ask("second");
  ask("third");
  time.ms = 2_000;
  ask("fourth");
  expect(open).toHaveLength(2);
  open[0]?.fail();
  expect(got).toEqual([]);
  open[1]?.answer("10.0.0.3");
  expect(got).toEqual(["first 10.0.0.3", "second 10.0.0.3", "third 10.0.0.3", "fourth 10.0.0.3"]);
  ask("fifth");
  expect(open).toHaveLength(3);
});

test("a newer address is for all who wait, and the older question may end as it likes", () => {
  const { open, time, lookup } = slowNames();
  const got: string[] = [];
  const ask = (who: string) =>
    lookup("app", {}, (error, address) => got.push(`${who} ${error ? "-" : address}`));
  ask("first");
  time.ms = 1_000;
  ask("second");
  open[1]?.answer("10.0.0.3");
  expect(got).toEqual(["first 10.0.0.3", "second 10.0.0.3"]);
  open[0]?.fail();
  expect(got).toHaveLength(2);
  ask("third");
  expect(open).toHaveLength(3);
});
