import { expect, test } from "vitest";
import { gate, type Waiter } from "../../src/proxy/gate.ts";

const never = 1_000_000;

function waiter(name: number, log: string[], start = true): Waiter {
  return {
    go(started) {
      log.push(`go ${name}`);
      if (start) started();
    },
    refuse: (why) => log.push(`${why} ${name}`),
  };
}

test("an open gate lets everybody through at once", () => {
  const log: string[] = [];
  const door = gate({ waitMs: never, capacity: 1, held: false });
  for (let i = 0; i < 3; i += 1) door.enter(waiter(i, log, false));
  expect(log).toEqual(["go 0", "go 1", "go 2"]);
});

test("a released line keeps its order, also for those who come while it moves", () => {
  const log: string[] = [];
  const starts: (() => void)[] = [];
  const door = gate({ waitMs: never, capacity: 1_000, held: true });
  const slow = (name: number): Waiter => ({
    go(started) {
      log.push(`go ${name}`);
      starts.push(started);
    },
    refuse: () => undefined,
  });
  for (let i = 0; i < 200; i += 1) door.enter(slow(i));
  door.open();
  const first = log.length;
  expect(first).toBeLessThan(200);
  door.enter(slow(200));
  expect(log).toHaveLength(first);
  while (starts.length > 0) starts.shift()?.();
  expect(log).toEqual(Array.from({ length: 201 }, (_, i) => `go ${i}`));
  expect(door.waiting()).toBe(0);
});

test("shutting the gate in the middle of a release keeps the rest waiting", () => {
  const log: string[] = [];
  const door = gate({ waitMs: never, capacity: 10, held: true });
  door.enter({
    go(started) {
      log.push("first");
      door.shut();
      started();
    },
    refuse: () => undefined,
  });
  door.enter(waiter(2, log));
  door.open();
  expect([log, door.waiting()]).toEqual([["first"], 1]);
  door.open();
  expect(log).toEqual(["first", "go 2"]);
});

test("one that throws does not jam the gate for the others", () => {
  const log: string[] = [];
  const door = gate({ waitMs: never, capacity: 10, held: true });
  door.enter({
    go: () => {
      throw new Error("bug");
    },
    refuse: () => undefined,
  });
  door.enter(waiter(2, log));
  expect(() => door.open()).toThrow("bug");
  door.open();
  expect(log).toEqual(["go 2"]);
});

test("a closed gate sends away who waits and who would have to wait", () => {
  const log: string[] = [];
  const door = gate({ waitMs: never, capacity: 10, held: true });
  door.enter(waiter(1, log));
  door.close();
  door.enter(waiter(2, log));
  expect(log).toEqual(["stopping 1", "stopping 2"]);
});

test("who leaves is not called any more, and makes room", () => {
  const log: string[] = [];
  const door = gate({ waitMs: never, capacity: 1, held: true });
  const leave = door.enter(waiter(1, log));
  door.enter(waiter(2, log));
  leave();
  door.enter(waiter(3, log));
  door.open();
  expect(log).toEqual(["hold-full 2", "go 3"]);
});
