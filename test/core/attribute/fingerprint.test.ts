import { expect, test } from "vitest";
import {
  countFailure,
  fingerprint,
  fingerprintLimit,
  newShare,
  startFailing,
} from "../../../src/core/attribute/fingerprint.ts";

test("a fingerprint is status class, route and upstream; gateway errors are a class of their own", () => {
  expect(fingerprint({ status: 500, route: "/a" })).toBe("5xx /a");
  expect(fingerprint({ status: 503, route: "/a", upstream: "b:80" })).toBe("gateway /a b:80");
  expect(fingerprint({ status: 0, route: "/a" })).toBe("0xx /a");
});

test("memory is bounded: further fingerprints are counted together", () => {
  const failing = startFailing();
  for (let i = 0; i < 3 * fingerprintLimit; i++) countFailure(failing, { status: 500, route: `/${i}` });
  expect(Object.keys(failing.by)).toHaveLength(fingerprintLimit + 1);
  expect(Object.values(failing.by).reduce((a, b) => a + b)).toBe(3 * fingerprintLimit);
});

test("of failures that all look new, all are; without failures nothing can be said", () => {
  expect(newShare({ requests: 0, by: {} }, { requests: 10, by: { "5xx /a": 3 } })).toBe(1);
  expect(newShare({ requests: 100, by: {} }, { requests: 10, by: {} })).toBeNull();
});
