// The fold beside the journal: saved, replayed, and never ahead of what is durable.
import { expect, test } from "vitest";
import type { NewEvent } from "../../src/core/event.ts";
import { problem } from "../../src/core/result.ts";
import { stateVersion } from "../../src/core/state.ts";
import { openLedger } from "../../src/engine/ledger.ts";
import { tell } from "../../src/engine/tell.ts";
import { JournalStopped } from "../../src/ports/journal.ts";
import type { Notifier } from "../../src/ports/notifier.ts";
import { memoryJournal, newMemoryStore } from "../../src/testing/memory-journal.ts";
import { simClock } from "../../src/testing/sim/sim-clock.ts";
import { simRelease } from "../../src/testing/sim/stage.ts";

const made: NewEvent = { type: "release.made", data: { env: "production", release: simRelease("v1") } };
const sent: NewEvent = { type: "message.sent", data: { key: "k", via: "test" } };
const message = { key: "k-1", to: "production", subject: "hello", text: "" };

function open(store = newMemoryStore()) {
  const clock = simClock(() => "boot-1");
  return { store, clock, ledger: openLedger(memoryJournal({ clock, store })) };
}

test("a new opening has the same state, from a snapshot and what came after it", () => {
  const { store, ledger } = open();
  ledger.record([made]);
  ledger.save();
  ledger.record([sent]);
  const again = open(store).ledger;
  expect(again.state()).toEqual(ledger.state());
  expect(store.snapshots).not.toEqual({});
});

test("a snapshot of another version of the fold is not used", () => {
  const { store, ledger } = open();
  ledger.record([made]);
  ledger.journal.snapshots.save("state", stateVersion + 1, 1, { nonsense: true });
  expect(open(store).ledger.state().envs["production"]?.releases).toHaveProperty(simRelease("v1").id);
});

test("a snapshot is saved by itself after many facts", () => {
  const { store, ledger } = open();
  for (let fact = 0; fact < 600; fact++) ledger.record([sent]);
  expect(Object.values(store.snapshots)[0]?.seq).toBe(500);
});

test("who lost the journal to another opening stops", () => {
  const { store, ledger } = open();
  open(store);
  expect(() => ledger.record([sent])).toThrow(JournalStopped);
});

test("a message leaves after its event, once; a receiver that is away is tried again, one that refuses is not", async () => {
  const { ledger, clock } = open();
  ledger.record([made], [message, { ...message, key: "k-2" }]);
  const got: string[] = [];
  let away = true;
  const notifier: Notifier = {
    name: "test",
    async send({ key }) {
      if (key === "k-2") return problem("refused", "unknown receiver", "look");
      if (away) return problem("unreachable", "away", "wait");
      got.push(key);
      return { ok: true, value: undefined };
    },
  };
  await clock.settle(tell(ledger, () => [notifier]));
  expect([got, ledger.journal.outbox.pending(10).map((one) => one.key)]).toEqual([[], ["k-1"]]);
  away = false;
  await clock.settle(tell(ledger, () => [notifier]));
  await clock.settle(tell(ledger, () => [notifier]));
  expect([got, ledger.journal.outbox.pending(10)]).toEqual([["k-1"], []]);
});
