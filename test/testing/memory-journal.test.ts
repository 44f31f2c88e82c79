// What only the journal in memory can do: crash at a chosen moment. Its contract: test/journal/contract.test.ts.
import { expect, test } from "vitest";
import { verifyChain } from "../../src/core/chain.ts";
import type { NewEvent } from "../../src/core/event.ts";
import { systemClock } from "../../src/os/clock.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import { memoryJournal, newMemoryStore } from "../../src/testing/memory-journal.ts";

const clock = systemClock();
const stopped = (why: string): NewEvent => ({ type: "controller.stopped", data: { why } });
const message = { key: "m", to: "slack", subject: "s", text: "t" };

test.each([
  ["before", 0],
  ["after", 2],
] as const)(
  "a crash %s the moment of durability leaves %i facts, and the dead handle does nothing more",
  (phase, left) => {
    const store = newMemoryStore();
    const crash = new Error("crash");
    const journal = memoryJournal({
      clock,
      store,
      onAppend(now, events) {
        expect(events.map((event) => event.seq)).toEqual([1, 2]);
        if (now === phase) throw crash;
      },
    });
    expect(() => journal.append(0, [stopped("a"), stopped("b")], [message])).toThrow(crash);
    expect(() => journal.append(0, [stopped("c")])).toThrow(JournalStopped);
    const again = memoryJournal({ clock, store });
    expect(again.head()).toBe(left);
    expect(again.outbox.pending(9)).toHaveLength(left / 2);
    expect(again.epoch()).toBe(2);
    expect(again.append(left, [stopped("c")]).ok).toBe(true);
    expect(verifyChain(store.events)).toBeNull();
  },
);

test("a new opening ends the one before: a zombie cannot write", () => {
  const store = newMemoryStore();
  const zombie = memoryJournal({ clock, store });
  const journal = memoryJournal({ clock, store });
  expect(journal.append(0, [stopped("a")]).ok).toBe(true);
  expect(() => zombie.append(1, [stopped("b")])).toThrow(JournalStopped);
  expect(() => zombie.raiseEpoch(9)).toThrow(JournalStopped);
});

test("a store can be copied, and both copies go their own way", () => {
  const store = newMemoryStore();
  const journal = memoryJournal({ clock, store });
  journal.append(0, [stopped("a")], [message]);
  const other = structuredClone(store);
  journal.append(1, [stopped("b")]);
  const branch = memoryJournal({ clock, store: other });
  expect(branch.append(1, [stopped("B")], [{ ...message, key: "n" }]).ok).toBe(true);
  expect([store.events.length, other.events.length, other.outbox.length]).toEqual([2, 2, 2]);
  expect(verifyChain(other.events)).toBeNull();
});

test("without checks facts have neither hash nor check, but the same order, clocks and jumps", () => {
  const store = newMemoryStore();
  let wall = 0;
  const journal = memoryJournal({
    clock: { ...clock, now: () => wall, elapsed: () => 5, bootId: () => "b" },
    store,
    checks: false,
  });
  journal.append(0, [stopped("a")]);
  wall = 60_000;
  const written = journal.append(1, [stopped("b")]);
  expect(written).toMatchObject({
    ok: true,
    value: [
      { seq: 2, type: "clock.jumped", data: { byMs: 60_000 } },
      { seq: 3, hash: "" },
    ],
  });
  expect(journal.head()).toBe(3);
});
