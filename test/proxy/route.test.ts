import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Backend,
  judge,
  noRoute,
  type RouteChange,
  type RouteState,
  routeChange,
} from "../../src/proxy/route.ts";
import { routeKeeper } from "../../src/proxy/route-keeper.ts";

const backend: Backend = { release: "r", instance: "i", url: "http://127.0.0.1:1" };
const change: RouteChange = { op: "one", epoch: 1, expected: 0, backend, held: false };

test("a refused change still remembers the higher epoch that it came with", () => {
  const verdict = judge({ ...noRoute, generation: 4 }, { ...change, epoch: 9, expected: 3 });
  expect(verdict).toEqual({
    is: "refused",
    reason: "conflict",
    next: { ...noRoute, generation: 4, epoch: 9 },
  });
});

test("generations and epochs never go back, whatever is asked in whatever order", () => {
  const changes = fc.array(
    fc.record({
      op: fc.constantFrom("a", "b", "c"),
      epoch: fc.nat(3),
      expected: fc.nat(5),
      backend: fc.constantFrom(backend, { ...backend, instance: "j" }, null),
      held: fc.boolean(),
    }),
  );
  fc.assert(
    fc.property(changes, (asked) => {
      let state: RouteState = noRoute;
      for (const one of asked) {
        const { is, next } = judge(state, one);
        expect(next.epoch).toBe(Math.max(state.epoch, one.epoch));
        expect(next.generation - state.generation).toBeLessThanOrEqual(1);
        if (next.generation !== state.generation) {
          expect([is, one.expected, one.epoch >= state.epoch]).toEqual(["accepted", state.generation, true]);
          expect(next).toMatchObject({ op: one.op, backend: one.backend, held: one.held });
        } else expect({ ...next, epoch: 0 }).toEqual({ ...state, epoch: 0 });
        state = next;
      }
    }),
  );
});

test.each([
  "http://",
  "https://127.0.0.1:1",
  "http://127.0.0.1:1/path",
  "http://h?x",
  "unix:/x",
  "",
  "127.0.0.1:80",
])("a backend address like %j is refused", (url) => {
  expect(routeChange.safeParse({ ...change, backend: { ...backend, url } }).success).toBe(false);
});

test.each(["http://127.0.0.1:80", "http://[::1]:3000", "http://web:3000/"])(
  "a backend address like %j is fine",
  (url) => {
    expect(routeChange.safeParse({ ...change, backend: { ...backend, url } }).success).toBe(true);
  },
);

test("a change takes effect only after it was saved, and in the order of asking", async () => {
  const events: string[] = [];
  const save = async (state: RouteState) => {
    await new Promise((resolve) => setImmediate(resolve));
    events.push(`saved ${state.generation}`);
  };
  const keeper = routeKeeper(noRoute, save, (state) => events.push(`taken ${state.generation}`));
  const both = [change, { ...change, op: "two", expected: 1, held: true }].map((one) => keeper.change(one));
  expect((await Promise.all(both)).map((outcome) => outcome.is)).toEqual(["changed", "changed"]);
  expect(events).toEqual(["saved 1", "taken 1", "saved 2", "taken 2"]);
});

test("after a failed save the old route is written back and stays, and later changes work", async () => {
  const saved: number[] = [];
  let broken = true;
  const save = async (state: RouteState) => {
    saved.push(state.generation);
    if (broken && state.generation === 1) throw Object.assign(new Error("disk full"), { code: "ENOSPC" });
  };
  const keeper = routeKeeper(noRoute, save, () => undefined);
  const outcome = await keeper.change(change);
  expect(outcome).toMatchObject({ is: "not-saved", error: { code: "ENOSPC" }, state: noRoute });
  expect(saved).toEqual([1, 0]);
  expect(keeper.now()).toEqual(noRoute);
  broken = false;
  expect(await keeper.change(change)).toMatchObject({ is: "changed", state: { generation: 1 } });
});
