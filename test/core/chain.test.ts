import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  brokenLink,
  chainHash,
  emptyLink,
  genesis,
  isIntact,
  type Link,
  type Row,
  seal,
  sealedFact,
  unseal,
  verifyChain,
} from "../../src/core/chain.ts";
import type { NewEvent } from "../../src/core/event.ts";
import { canonical } from "../../src/core/json.ts";
import { limits } from "../../src/core/limits.ts";

const moment = { at: 1_000, mono: 10, boot: "b1", epoch: 3 };
const stopped = (why: string): NewEvent => ({ type: "controller.stopped", data: { why } });

function sealed(link: Link, events: readonly NewEvent[], at = moment): readonly Row[] {
  const rows = seal(link, at, events);
  if (!rows.ok) throw new Error(rows.error.what);
  return rows.value;
}

test("the hash is sha256 over the canonical text of the fact and of the hash before it", () => {
  const [row] = sealed(emptyLink, [stopped("noon")]);
  const text = `[1,"controller.stopped",1000,10,"b1",3,{"why":"noon"},"${genesis}"]`;
  expect(row?.hash).toBe(createHash("sha256").update(text).digest("hex"));
  expect(text).toBe(canonical([1, "controller.stopped", 1_000, 10, "b1", 3, { why: "noon" }, genesis]));
});

test("any change of any field of any fact is seen", () => {
  const text = fc.string({ unit: "grapheme" });
  const change = fc.record({
    facts: fc.array(text, { minLength: 1, maxLength: 6 }),
    which: fc.nat(),
    field: fc.constantFrom("seq", "type", "at", "mono", "boot", "epoch", "data", "prev", "hash"),
    by: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(change, ({ facts, which, field, by }) => {
      const rows = sealed(emptyLink, facts.map(stopped));
      expect(verifyChain(rows.map(sealedFact))).toBeNull();
      const i = which % rows.length;
      const row = rows[i] as Row;
      const value = row[field as keyof Row];
      const forged = { ...row, [field]: typeof value === "number" ? value + by : `${value}${by}` } as Row;
      const link = i === 0 ? emptyLink : (rows[i - 1] as Row);
      expect(isIntact(forged) && brokenLink(link, forged) === null).toBe(false);
    }),
  );
});

/** A key `__proto__` is dropped when a fact is checked: no step of ours has one in its evidence. */
const evidenceOf = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("__proto__"));

test("a sealed fact reads back as it was sealed, whatever is in its text", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), evidenceOf, (why, evidence) => {
      const step = { run: why, key: "k", kind: "k", direction: "do" as const, attempt: 1 };
      const data = { ...step, evidence: JSON.parse(JSON.stringify(evidence)), recovered: false, ms: 1 };
      const [row] = sealed(emptyLink, [{ type: "step.verified", data }]);
      const read = unseal(row as Row);
      expect(read.ok && read.value).toEqual(sealedFact(row as Row));
      expect(read.ok && read.value.data).toEqual(JSON.parse(canonical(data)));
    }),
  );
});

test("facts removed from the middle or swapped break the chain; removed from the end they do not", () => {
  const events = sealed(emptyLink, ["a", "b", "c", "d"].map(stopped)).map(sealedFact);
  const [a, b, c, d] = events as [never, never, never, never];
  expect(verifyChain([a, b, d])).toBe("fact 3 is missing, 4 comes next");
  expect(verifyChain([b, c])).toBe("fact 1 is missing, 2 comes next");
  expect(verifyChain([a, c, b, d])).toBe("fact 2 is missing, 3 comes next");
  expect(verifyChain([a, b])).toBeNull();
  expect(verifyChain([])).toBeNull();
});

test("facts of another history do not fit", () => {
  const one = sealed(emptyLink, ["a", "b"].map(stopped));
  const two = sealed(emptyLink, ["x", "y"].map(stopped));
  expect(brokenLink(one[0] as Row, two[1] as Row)).toBe("fact 2 does not follow from fact 1");
});

test("a jump of the wall clock against the monotonic one is told first, with its size; a slow one is not", () => {
  const [first] = sealed(emptyLink, [stopped("a")]);
  const later = (wall: number, mono: number): readonly Row[] =>
    sealed(first as Row, [stopped("b")], { ...moment, at: moment.at + wall, mono: moment.mono + mono });
  expect(later(limits.clockJumpMs, 0).map((row) => row.type)).toEqual(["controller.stopped"]);
  expect(later(limits.clockJumpMs + 1, 0).map((row) => row.data)).toEqual(['{"byMs":2001}', '{"why":"b"}']);
  expect(later(-5_000, 1_000)[0]?.data).toBe('{"byMs":-6000}');
  expect(later(3_600_000, 3_600_000)).toHaveLength(1);
});

test("a reboot is no jump, and nothing is told where there is nothing to write", () => {
  const [first] = sealed(emptyLink, [stopped("a")]);
  expect(sealed(first as Row, [stopped("b")], { ...moment, at: 9e9, boot: "b2" })).toHaveLength(1);
  expect(sealed(first as Row, [], { ...moment, at: 9e9 })).toHaveLength(0);
});

test("a row that is whole but of an unknown type or shape is told from a damaged one", () => {
  const whole = { seq: 1, type: "moon.landed", ...moment, data: "{}", prev: genesis };
  const row = { ...whole, hash: chainHash(whole) };
  expect(unseal(row)).toMatchObject({
    ok: false,
    error: { is: "unknown", why: expect.stringContaining("moon.landed") },
  });
  expect(unseal({ ...row, data: "{} " })).toMatchObject({ ok: false, error: { is: "damaged" } });
});
