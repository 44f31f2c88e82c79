import { expect, test } from "vitest";
import {
  countRepeat,
  errorsWithoutWorst,
  repeatLimit,
  startRepeats,
} from "../../../src/core/detect/repeats.ts";

test("repeats are summed up, and the worst client is left out of the failures", () => {
  const repeats = startRepeats();
  for (const client of ["a", "a", "a", "b", "constructor", "__proto__"]) countRepeat(repeats, client, false);
  countRepeat(repeats, "a", true);
  expect(repeats).toMatchObject({ requests: 7, errors: 6, clients: 4 });
  expect(errorsWithoutWorst(repeats)).toBe(3);
});

test("without repeats nothing is left out", () => {
  expect(errorsWithoutWorst(startRepeats())).toBe(0);
});

test("beyond the limit failures are still summed up, so that nothing passes as healthy for being many", () => {
  const repeats = startRepeats();
  for (let i = 0; i < repeatLimit + 100; i++) countRepeat(repeats, `client-${i}`, false);
  expect(Object.keys(repeats.errorsByClient)).toHaveLength(repeatLimit);
  expect(errorsWithoutWorst(repeats)).toBe(repeatLimit + 99);
});
