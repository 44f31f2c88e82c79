// What every journal must do, whatever it is made of. Runner-independent: a list of named cases that throw.
import assert from "node:assert/strict";
import { genesis, verifyChain } from "../../core/chain.ts";
import type { Event, NewEvent } from "../../core/event.ts";
import { limits } from "../../core/limits.ts";
import type { Clock } from "../../ports/clock.ts";
import { type Journal, JournalStopped, type Message } from "../../ports/journal.ts";

/** One journal under test. `open` is called again after `close`, as the next process would. */
export type JournalSubject = {
  open(clock: Clock, options?: { readonly epochFloor?: number }): Journal;
  /** Remove what was made; called after each case. */
  clean(): void;
};

export type ContractCase = { readonly name: string; run(): void };

type Given = {
  readonly journal: Journal;
  readonly clock: TestClock;
  reopen(options?: { epochFloor?: number }): Journal;
};
type Case = (given: Given) => void;

export function journalContract(make: () => JournalSubject): readonly ContractCase[] {
  return Object.entries(cases).map(([name, body]) => ({
    name,
    run() {
      const subject = make();
      const clock = testClock();
      let journal = subject.open(clock);
      const reopen = (options?: { epochFloor?: number }): Journal => {
        journal.close();
        journal = subject.open(clock, options);
        return journal;
      };
      try {
        body({ journal, clock, reopen });
      } finally {
        journal.close();
        subject.clean();
      }
    },
  }));
}

type TestClock = Clock & { wall: number; mono: number; boot: string };

function testClock(): TestClock {
  return {
    wall: 1_800_000_000_000,
    mono: 5_000,
    boot: "boot-1",
    now() {
      return this.wall;
    },
    elapsed() {
      return this.mono;
    },
    bootId() {
      return this.boot;
    },
    sleep: async () => {},
  };
}

function stopped(why: string): NewEvent {
  return { type: "controller.stopped", data: { why } };
}

function lifted(n: number): NewEvent {
  return {
    type: "release.lifted",
    data: { env: "production", release: `v${n}`, digest: "d", by: "ann", why: "fixed" },
  };
}

function message(key: string, to = "slack"): Message {
  return { key, to, subject: `about ${key}`, text: "text\nwith ünïcode and 'quotes'" };
}

function append(
  journal: Journal,
  events: readonly NewEvent[],
  messages?: readonly Message[],
): readonly Event[] {
  const written = journal.append(journal.head(), events, messages);
  assert.ok(written.ok, `append failed: ${JSON.stringify(written)}`);
  return written.value;
}

function all(journal: Journal): readonly Event[] {
  return journal.read(0, Number.POSITIVE_INFINITY);
}

const cases: Readonly<Record<string, Case>> = {
  "a new journal is empty and has epoch 1": ({ journal }) => {
    assert.equal(journal.head(), 0);
    assert.equal(journal.epoch(), 1);
    assert.deepEqual(all(journal), []);
    assert.deepEqual(journal.newest(["controller.stopped"], Number.POSITIVE_INFINITY, 10), []);
    assert.equal(journal.diskFull(), false);
  },

  "what append returns is what read gives": ({ journal, clock }) => {
    const [event] = append(journal, [stopped('a "quoted" \u2028 line\u0000 and 😀')]);
    assert.deepEqual(all(journal), [event]);
    assert.equal(event?.seq, 1);
    assert.equal(event.at, clock.wall);
    assert.equal(event.mono, clock.mono);
    assert.equal(event.boot, "boot-1");
    assert.equal(event.epoch, 1);
    assert.equal(event.prev, genesis);
  },

  "facts and messages survive a new opening, and the chain is whole": ({ journal, reopen }) => {
    append(journal, [stopped("one"), stopped("two")], [message("m1")]);
    append(journal, [lifted(3)]);
    const before = all(journal);
    const again = reopen();
    assert.equal(again.head(), 3);
    assert.deepEqual(all(again), before);
    assert.equal(verifyChain(all(again)), null);
    assert.deepEqual(
      again.outbox.pending(10).map((one) => one.key),
      ["m1"],
    );
  },

  "a changed fact breaks the chain": ({ journal }) => {
    append(journal, [stopped("one"), stopped("two"), stopped("three")]);
    const events = all(journal);
    const forged = events.map((event) =>
      event.seq === 2 ? ({ ...event, data: { why: "TWO" } } as Event) : event,
    );
    assert.equal(verifyChain(forged), "fact 2 does not match its hash");
    assert.equal(verifyChain(events.filter((event) => event.seq !== 2)), "fact 2 is missing, 3 comes next");
  },

  "an append after an old head is a conflict and writes nothing": ({ journal }) => {
    append(journal, [stopped("one")]);
    for (const after of [0, 2, -1, Number.NaN]) {
      const refused = journal.append(after, [stopped("two")], [message("m")]);
      assert.ok(!refused.ok && refused.error.code === "conflict");
    }
    assert.equal(journal.head(), 1);
    assert.deepEqual(journal.outbox.pending(10), []);
  },

  "an append of nothing writes nothing": ({ journal }) => {
    assert.deepEqual(append(journal, []), []);
    assert.equal(journal.head(), 0);
  },

  "a fact that does not fit its type throws, and nothing of its append is written": ({ journal }) => {
    const wrong = { type: "controller.stopped", data: { why: 7 } } as unknown as NewEvent;
    assert.throws(
      () => journal.append(0, [stopped("good"), wrong], [message("m")]),
      (error) => !(error instanceof JournalStopped),
    );
    assert.equal(journal.head(), 0);
    assert.deepEqual(journal.outbox.pending(10), []);
    append(journal, [stopped("the journal goes on")]);
  },

  "a fact that is too large is refused, and nothing of its append is written": ({ journal }) => {
    const room = limits.eventDataBytes - JSON.stringify({ why: "" }).length;
    const tooLarge = journal.append(0, [stopped("good"), stopped("x".repeat(room + 1))]);
    assert.ok(!tooLarge.ok && tooLarge.error.code === "refused");
    const inBytes = journal.append(0, [stopped("é".repeat(room / 2 + 1))]);
    assert.ok(!inBytes.ok && inBytes.error.code === "refused");
    assert.equal(journal.head(), 0);
    append(journal, [stopped("x".repeat(room))]);
  },

  "changing a value after it was appended, or after it was read, changes no fact": ({ journal }) => {
    const event = { type: "controller.stopped", data: { why: "as it was" } } as const;
    append(journal, [event]);
    for (const value of [event, all(journal)[0]]) {
      try {
        (value as { data: { why: string } }).data.why = "forged";
      } catch {
        // A frozen value is one way to keep this promise.
      }
    }
    assert.deepEqual(
      all(journal).map((one) => one.data),
      [{ why: "as it was" }],
    );
  },

  "read gives the facts after a place, in order, at most so many": ({ journal }) => {
    append(
      journal,
      Array.from({ length: 10 }, (_, i) => stopped(String(i + 1))),
    );
    const seqs = (after: number, limit: number): readonly number[] =>
      journal.read(after, limit).map((event) => event.seq);
    assert.deepEqual(seqs(0, 3), [1, 2, 3]);
    assert.deepEqual(seqs(7, 3), [8, 9, 10]);
    assert.deepEqual(seqs(8, 3), [9, 10]);
    assert.deepEqual(seqs(10, 3), []);
    assert.deepEqual(seqs(11, 3), []);
    assert.deepEqual(seqs(-5, 2), [1, 2]);
    assert.deepEqual(seqs(3, 0), []);
  },

  "newest gives facts of the wanted types only, newest first, below a place": ({ journal }) => {
    append(journal, [stopped("1"), lifted(2), stopped("3"), lifted(4), lifted(5)]);
    const seqs = (types: readonly Event["type"][], before: number, limit: number): readonly number[] =>
      journal.newest(types, before, limit).map((event) => event.seq);
    assert.deepEqual(seqs(["release.lifted"], Number.POSITIVE_INFINITY, 2), [5, 4]);
    assert.deepEqual(seqs(["release.lifted"], 4, 2), [2]);
    assert.deepEqual(seqs(["release.lifted", "controller.stopped"], 5, 10), [4, 3, 2, 1]);
    assert.deepEqual(seqs(["release.lifted", "release.lifted"], 6, 10), [5, 4, 2]);
    assert.deepEqual(seqs([], 6, 10), []);
    assert.deepEqual(seqs(["watch.started"], 6, 10), []);
    assert.deepEqual(seqs(["release.lifted"], 6, 0), []);
  },

  "each opening has a higher epoch, and facts carry it": ({ journal, reopen }) => {
    append(journal, [stopped("one")]);
    const second = reopen();
    assert.equal(second.epoch(), 2);
    append(second, [stopped("two")]);
    assert.equal(reopen().epoch(), 3);
    assert.deepEqual(
      all(reopen()).map((event) => event.epoch),
      [1, 2],
    );
  },

  "an epoch floor lifts the epoch above what a target has seen, for good": ({ reopen }) => {
    assert.equal(reopen({ epochFloor: 40 }).epoch(), 41);
    assert.equal(reopen({ epochFloor: 7 }).epoch(), 42);
    assert.equal(reopen().epoch(), 43);
  },

  "the epoch can be raised while open": ({ journal, reopen }) => {
    assert.equal(journal.raiseEpoch(9), 10);
    assert.equal(journal.epoch(), 10);
    assert.equal(journal.raiseEpoch(3), 11);
    assert.equal(append(journal, [stopped("one")])[0]?.epoch, 11);
    assert.equal(reopen().epoch(), 12);
  },

  "a jump of the wall clock is written first, and the chain goes on from it": ({ journal, clock }) => {
    append(journal, [stopped("one")]);
    clock.wall += 3_600_000 + 1_000;
    clock.mono += 1_000;
    const written = journal.append(1, [stopped("two"), stopped("three")]);
    assert.ok(written.ok);
    assert.deepEqual(
      written.value.map((event) => [event.seq, event.type]),
      [
        [2, "clock.jumped"],
        [3, "controller.stopped"],
        [4, "controller.stopped"],
      ],
    );
    assert.deepEqual(written.value[0]?.data, { byMs: 3_600_000 });
    assert.equal(journal.head(), 4);
    assert.equal(verifyChain(all(journal)), null);
  },

  "a jump back is seen too, also across a new opening in the same boot": ({ journal, clock, reopen }) => {
    append(journal, [stopped("one")]);
    clock.wall -= 60_000;
    const written = append(reopen(), [stopped("two")]);
    assert.deepEqual(
      written.map((event) => event.data),
      [{ byMs: -60_000 }, { why: "two" }],
    );
  },

  "slow drift and a reboot are no jumps": ({ journal, clock }) => {
    append(journal, [stopped("one")]);
    clock.wall += limits.clockJumpMs;
    assert.equal(append(journal, [stopped("two")]).length, 1);
    clock.wall += 86_400_000;
    clock.mono = 10;
    clock.boot = "boot-2";
    assert.equal(append(journal, [stopped("three")]).length, 1);
  },

  "messages wait until they are settled, oldest first, and count their tries": ({ journal, reopen }) => {
    append(journal, [stopped("one")], [message("m1"), message("m2")]);
    append(journal, [], [message("m3")]);
    const [first, second] = journal.outbox.pending(2);
    assert.ok(first && second);
    assert.deepEqual({ ...first, id: 0 }, { ...message("m1"), id: 0, attempts: 0 });
    journal.outbox.tried(second.id);
    journal.outbox.tried(second.id);
    journal.outbox.settled(first.id);
    const left = reopen().outbox.pending(10);
    assert.deepEqual(
      left.map((one) => [one.key, one.attempts]),
      [
        ["m2", 2],
        ["m3", 0],
      ],
    );
  },

  "a message that still waits is not queued twice; to somebody else it is another one": ({ journal }) => {
    append(journal, [], [message("m1"), message("m1"), message("m1", "email")]);
    append(journal, [], [message("m1")]);
    assert.deepEqual(
      journal.outbox.pending(10).map((one) => one.to),
      ["slack", "email"],
    );
  },

  "settling or trying a message that is gone is harmless": ({ journal }) => {
    append(journal, [], [message("m1")]);
    const id = journal.outbox.pending(1)[0]?.id ?? -1;
    journal.outbox.settled(id);
    journal.outbox.settled(id);
    journal.outbox.tried(id);
    append(journal, [], [message("m2")]);
    assert.notEqual(journal.outbox.pending(1)[0]?.id, id);
  },

  "a saved fold comes back for its name and version only, the newest one": ({ journal, reopen }) => {
    append(journal, [stopped("one"), stopped("two")]);
    const state = { n: 1, nested: { list: [1, "two", null] } };
    journal.snapshots.save("state", 1, 1, { old: true });
    journal.snapshots.save("state", 1, 2, state);
    state.n = 99;
    const again = reopen();
    assert.deepEqual(again.snapshots.load("state", 1), {
      seq: 2,
      state: { n: 1, nested: { list: [1, "two", null] } },
    });
    assert.equal(again.snapshots.load("state", 2), null);
    assert.equal(again.snapshots.load("other", 1), null);
  },

  "a fold saved for facts that are not there is not kept": ({ journal }) => {
    append(journal, [stopped("one")]);
    journal.snapshots.save("state", 1, 5, { from: "the future" });
    assert.equal(journal.snapshots.load("state", 1), null);
  },

  "a closed journal does nothing any more": ({ journal }) => {
    append(journal, [stopped("one")], [message("m1")]);
    journal.close();
    journal.close();
    const uses: readonly (() => unknown)[] = [
      () => journal.head(),
      () => journal.append(1, [stopped("two")]),
      () => journal.read(0, 1),
      () => journal.read(1, 1),
      () => journal.newest([], 5, 0),
      () => journal.newest(["controller.stopped"], 5, 1),
      () => journal.raiseEpoch(0),
      () => journal.snapshots.load("state", 1),
      () => journal.snapshots.save("state", 1, 1, {}),
      () => journal.outbox.pending(1),
      () => journal.outbox.tried(1),
      () => journal.outbox.settled(1),
    ];
    for (const use of uses) assert.throws(use, JournalStopped);
  },
};
