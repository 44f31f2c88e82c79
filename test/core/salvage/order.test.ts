import { expect, test } from "vitest";
import { replayOrder } from "../../../src/core/salvage/order.ts";

const reference = (from: string, to: string) => ({ name: `${from}_${to}`, from, to });

test("parents come before their children, by name where there is a choice", () => {
  const { tables, late } = replayOrder(
    ["lines", "orders", "customers", "alone"],
    [reference("lines", "orders"), reference("orders", "customers")],
  );
  expect(tables).toEqual(["alone", "customers", "orders", "lines"]);
  expect(late).toEqual([]);
});

test("a table that points at itself, and a circle, are checked at the end", () => {
  const { tables, late } = replayOrder(
    ["a", "b", "tree"],
    [reference("tree", "tree"), reference("a", "b"), reference("b", "a")],
  );
  expect(tables).toEqual(["tree", "a", "b"]);
  expect(late.map(({ name }) => name)).toEqual(["tree_tree", "a_b"]);
});

test("references out of the set do not count", () => {
  expect(replayOrder(["a"], [reference("a", "elsewhere")])).toEqual({ tables: ["a"], late: [] });
});
