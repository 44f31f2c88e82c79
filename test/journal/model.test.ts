// Random histories of openings, appends, conflicts, reads, folds, messages and crashes, against a model of a few lines.
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { verifyChain } from "../../src/core/chain.ts";
import type { EventType } from "../../src/core/event.ts";
import type { Journal } from "../../src/ports/journal.ts";
import { memoryJournal, newMemoryStore } from "../../src/testing/memory-journal.ts";
import { fact } from "./facts.ts";
import { clock, folder, open } from "./places.ts";

type Model = {
  facts: { type: string; data: unknown }[];
  messages: { key: string; tries: number }[];
  epoch: number;
  saved: { seq: number; state: unknown } | null;
};
type World = { journal: Journal; reopen(): Journal; written: number };
type Act = (world: World, model: Model) => void;

const nat = fc.nat({ max: 30 });

const acts: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.array(fc.constantFrom("k1", "k2", "k3"), { maxLength: 2 }))
      .map(append),
  },
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: -3, max: 3 })
      .filter((by) => by !== 0)
      .map(conflict),
  },
  { weight: 3, arbitrary: fc.tuple(nat, nat).map(read) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.subarray(["controller.stopped", "release.lifted", "watch.ended"]), nat, nat)
      .map(newest),
  },
  { weight: 1, arbitrary: fc.constant(reopen) },
  { weight: 1, arbitrary: nat.map(raise) },
  { weight: 1, arbitrary: fc.tuple(nat, fc.jsonValue()).map(save) },
  { weight: 2, arbitrary: fc.tuple(fc.boolean(), nat).map(send) },
);

function append([count, keys]: [number, string[]]): Act {
  return (world, model) => {
    const facts = Array.from({ length: count }, () => fact(++world.written));
    const messages = keys.map((key) => ({ key, to: "slack", subject: key, text: "t" }));
    const written = world.journal.append(model.facts.length, facts, messages);
    expect(
      written.ok && written.value.map((event) => [event.seq, event.type, event.data, event.epoch]),
    ).toEqual(facts.map((one, i) => [model.facts.length + i + 1, one.type, one.data, model.epoch]));
    model.facts.push(...facts);
    for (const key of keys)
      if (!model.messages.some((one) => one.key === key)) model.messages.push({ key, tries: 0 });
  };
}

function conflict(by: number): Act {
  return ({ journal }, model) => {
    expect(journal.append(model.facts.length + by, [fact(1)])).toMatchObject({
      ok: false,
      error: { code: "conflict" },
    });
  };
}

function read([after, limit]: [number, number]): Act {
  return ({ journal }, model) => {
    const wanted = model.facts.slice(after, after + limit);
    expect(journal.read(after, limit)).toMatchObject(
      wanted.map((one, i) => ({ ...one, seq: after + i + 1 })),
    );
  };
}

function newest([types, before, limit]: [string[], number, number]): Act {
  return ({ journal }, model) => {
    const wanted = model.facts
      .map((one, i) => ({ ...one, seq: i + 1 }))
      .filter((one) => one.seq < before && types.includes(one.type));
    expect(journal.newest(types as EventType[], before, limit)).toMatchObject(
      wanted.reverse().slice(0, limit),
    );
  };
}

function reopen(world: World, model: Model): void {
  world.journal = world.reopen();
  model.epoch += 1;
}

function raise(floor: number): Act {
  return ({ journal }, model) => {
    model.epoch = Math.max(model.epoch, floor) + 1;
    expect(journal.raiseEpoch(floor)).toBe(model.epoch);
  };
}

function save([seq, value]: [number, fc.JsonValue]): Act {
  return ({ journal }, model) => {
    const state = JSON.parse(JSON.stringify({ value }));
    journal.snapshots.save("state", 1, seq, state);
    if (seq <= model.facts.length) model.saved = { seq, state };
  };
}

function send([settle, which]: [boolean, number]): Act {
  return ({ journal }, model) => {
    const i = which % Math.max(1, model.messages.length);
    const id = journal.outbox.pending(100)[i]?.id;
    const message = model.messages[i];
    if (id === undefined || !message) return;
    if (settle) journal.outbox.settled(id);
    else journal.outbox.tried(id);
    if (settle) model.messages.splice(i, 1);
    else message.tries += 1;
  };
}

function agree({ journal }: World, model: Model): void {
  expect(journal.head()).toBe(model.facts.length);
  expect(journal.epoch()).toBe(model.epoch);
  expect(journal.outbox.pending(100).map(({ key, attempts }) => ({ key, tries: attempts }))).toEqual(
    model.messages,
  );
  expect(journal.snapshots.load("state", 1)).toEqual(model.saved);
}

function follows(
  history: readonly Act[],
  first: () => { journal: Journal; reopen(journal: Journal): Journal },
): void {
  const start = first();
  const world: World = { journal: start.journal, written: 0, reopen: () => start.reopen(world.journal) };
  const model: Model = { facts: [], messages: [], epoch: 1, saved: null };
  for (const act of history) {
    act(world, model);
    agree(world, model);
  }
  reopen(world, model);
  agree(world, model);
  const events = world.journal.read(0, Number.POSITIVE_INFINITY);
  expect(events.map(({ type, data }) => ({ type, data }))).toEqual(model.facts);
  expect(verifyChain(events)).toBeNull();
  world.journal.close();
}

describe("random histories", () => {
  test("on SQLite follow the model", () => {
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 30 }), (history) => {
        const file = join(folder(), "journal.sqlite");
        follows(history, () => ({
          journal: open(file),
          reopen(journal) {
            journal.close();
            return open(file);
          },
        }));
      }),
      { numRuns: 25 },
    );
  }, 120_000);

  test("in memory follow the model, whether closed or crashed", () => {
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 60 }), (history) => {
        const store = newMemoryStore();
        follows(history, () => ({
          journal: memoryJournal({ clock, store }),
          reopen: () => memoryJournal({ clock, store }),
        }));
      }),
      { numRuns: 500 },
    );
  });
});
