// Budgets on the monotonic clock.
import { expect, test } from "vitest";
import { ok } from "../../src/core/result.ts";
import { withDeadline } from "../../src/engine/deadline.ts";
import { simClock } from "../../src/testing/sim/sim-clock.ts";

const clock = () => simClock(() => "boot-1");

test("work in time gives its result and its duration", async () => {
  const it = clock();
  const work = async () => {
    await it.sleep(300);
    return ok("done");
  };
  expect(await it.settle(withDeadline(it, 1_000, "it", work))).toEqual({
    result: ok("done"),
    ms: 300,
    late: false,
  });
});

test("work that does not end is left behind after its time, told to stop, and named", async () => {
  const it = clock();
  let told = false;
  const timed = await it.settle(
    withDeadline(it, 1_000, "start v2", (signal) => {
      signal.addEventListener("abort", () => {
        told = true;
      });
      return new Promise<never>(() => undefined);
    }),
  );
  expect(timed).toMatchObject({ late: true, ms: 1_000, result: { ok: false, error: { code: "timeout" } } });
  expect(timed.result.ok ? "" : timed.result.error.what).toContain("start v2");
  expect(told).toBe(true);
});

test("a wall clock that jumps changes no deadline", async () => {
  const it = clock();
  const work = async () => {
    await it.sleep(300);
    it.jump(3_600_000);
    await it.sleep(300);
    return ok("done");
  };
  expect(await it.settle(withDeadline(it, 1_000, "it", work))).toMatchObject({ late: false, ms: 600 });
});

test("a bug in the work is not turned into a result", async () => {
  const it = clock();
  const work = async () => {
    throw new Error("bug");
  };
  await expect(it.settle(withDeadline(it, 1_000, "it", work))).rejects.toThrow("bug");
});
