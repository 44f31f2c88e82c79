// The fold of backup facts, and what it says of the way back.
import { expect, test } from "vitest";
import { broken, numberOf } from "../../../src/core/backups/assertion.ts";
import { proofOf, restoreMs } from "../../../src/core/backups/proof.ts";
import { backupSentence } from "../../../src/core/backups/sentence.ts";
import { checkEvent, type Event, type NewEvent } from "../../../src/core/event.ts";
import { emptyState, envState, fold } from "../../../src/core/state.ts";

const env = "production";
const problem = { code: "damaged", what: "one bit is another", next: "choose another backup" };

function folded(...facts: NewEvent[]) {
  let state = emptyState;
  for (const [i, fact] of facts.entries()) state = fold(state, event(fact, i + 1));
  return envState(state, env).backups;
}

function event(fact: NewEvent, seq: number): Event {
  const checked = checkEvent(fact.type, fact.data);
  return { ...checked, seq, at: seq * 1_000, mono: seq, boot: "b", epoch: 1, prev: "", hash: "" } as Event;
}

const taken = (backup: string): NewEvent => ({
  type: "backup.taken",
  data: { env, backup, bytes: 2_048, sha256: "x", rows: 3, ms: 5, by: "ann" },
});
const drilled = (ms: number, bytes = 1_000): NewEvent => ({
  type: "drill.done",
  data: { env, backup: "b1", takenAt: 1, bytes, rows: 3, ms, checks: 0, by: "schedule" },
});
const drillFailed: NewEvent = {
  type: "drill.failed",
  data: { env, backup: "b1", problem, ms: 9, by: "schedule" },
};

test("a failure is remembered until the next backup is whole", () => {
  const failed: NewEvent = { type: "backup.failed", data: { env, by: "schedule", problem } };
  expect(folded(taken("b1"), failed)).toMatchObject({
    taken: { backup: "b1", at: 1_000 },
    failure: { at: 2_000, what: problem.what },
  });
  expect(folded(failed, taken("b2")).failure).toBeNull();
});

test("never drilled is known, a failed drill is no proof, and the newest that worked is", () => {
  expect(proofOf(folded(taken("b1")), 9_000)).toEqual({ drill: null, proved: null, ageMs: null });
  const proof = proofOf(folded(drilled(50), drillFailed), 9_000);
  expect(proof).toMatchObject({ drill: { problem: problem.what }, proved: { ms: 50 }, ageMs: 7_000 });
});

test("the time of a restore is the slowest of the last five, scaled by growth, and unknown without a drill", () => {
  expect(restoreMs(folded(drillFailed), 1_000)).toBeNull();
  expect(restoreMs(folded(drilled(100), drilled(40)), 1_000)).toBe(100);
  expect(restoreMs(folded(drilled(100)), 3_000)).toBe(300);
  expect(restoreMs(folded(drilled(100)), 10)).toBe(100);
  expect(restoreMs(folded(drilled(900), ...Array.from({ length: 5 }, () => drilled(10))), 1_000)).toBe(10);
});

test("what is remembered is bounded", () => {
  expect(folded(...Array.from({ length: 50 }, (_, i) => drilled(i))).drills).toHaveLength(20);
  const verified = Array.from({ length: 150 }, (_, i): NewEvent => {
    return { type: "backup.verified", data: { env, backup: `b${i}`, problem: null, ms: 1 } };
  });
  const state = folded(...verified);
  expect(Object.keys(state.verified)).toHaveLength(100);
  expect(state.verified["b149"]).toEqual({ at: 150_000, problem: null });
  expect(state.verified["b0"]).toBeUndefined();
});

test("integrity of what lives and of a copy are told apart", () => {
  const failures = [{ name: "orphans", what: "it answered 2 instead of 0" }];
  const state = folded(
    { type: "integrity.failed", data: { env, of: "live", checks: 2, failures } },
    { type: "integrity.passed", data: { env, of: "b1", checks: 2 } },
  );
  expect(state.integrity.live).toMatchObject({ failures });
  expect(state.integrity.copy).toMatchObject({ of: "b1", failures: [] });
});

test("each fact is a sentence", () => {
  const said = [taken("b1"), drilled(1_500), drillFailed].map((fact, i) => backupSentence(event(fact, i)));
  expect(said).toEqual([
    "The backup b1 was taken: 2.0 KB, 3 rows.",
    "The drill restored b1 in 2 s: it is right.",
    "The drill failed: one bit is another.",
  ]);
});

test("an assertion says what it saw and what is right", () => {
  expect(broken(0, { equals: 0 })).toBeNull();
  expect(broken(2, { equals: 0 })).toBe("it answered 2 instead of 0");
  expect(broken(4, { atLeast: 5 })).toBe("it answered 4, and at least 5 is right");
  expect(broken(6, { atLeast: 5, atMost: 5.5 })).toBe("it answered 6, and at most 5.5 is right");
});

test("the answer of any driver becomes a number, or is none", () => {
  expect([null, 3, 3n, "12.50", true, "", "x", Number.NaN, {}].map(numberOf)).toEqual([
    0,
    3,
    3,
    12.5,
    1,
    null,
    null,
    null,
    null,
  ]);
});

test("the newest drill of the archive is remembered, the failed one too, and said", () => {
  const data = { env, moment: "the point v1", problem: null, ms: 7, checks: 1, by: "schedule" };
  const drill: NewEvent = { type: "archive.drilled", data };
  const failed: NewEvent = { type: "archive.drilled", data: { ...data, problem } };
  expect(folded(drill).archiveDrill).toEqual({ moment: "the point v1", at: 1_000, ms: 7, problem: null });
  expect(folded(drill, failed).archiveDrill).toMatchObject({ at: 2_000, problem: problem.what });
  expect(folded(drill).drills).toEqual([]);
  expect(backupSentence(event(drill, 1))).toBe("The drill restored the point v1 from the archive in 7 ms.");
  expect(backupSentence(event(failed, 1))).toContain(problem.what);
});
