import { expect, test } from "vitest";
import type { Edge } from "../../src/proxy/edge.ts";
import { guarded } from "../../src/proxy/visit.ts";

test("a bug in one request ends that request, is counted and told, and goes no further", () => {
  const said: string[] = [];
  const counters = { open: 0, requests: 0, malformed: 0, uncaught: 0, turnedAway: 0 };
  const edge = { counters, say: (event: string) => said.push(event) } as unknown as Edge;
  let ended = 0;
  const end = () => {
    ended += 1;
  };
  guarded(edge, end, () => undefined);
  expect([ended, counters.uncaught]).toEqual([0, 0]);
  guarded(edge, end, () => {
    throw new Error("bug");
  });
  expect([ended, counters.uncaught, said]).toEqual([1, 1, ["uncaught"]]);
});
