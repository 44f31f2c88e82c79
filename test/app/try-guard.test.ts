// Who is tried on a copy is watched until the end, and ended at the first session elsewhere.
import { expect, test } from "vitest";
import { guardCopy } from "../../src/app/try-guard.ts";
import { ok, problem, type Result } from "../../src/core/result.ts";
import type { CopyPlace } from "../../src/ports/database.ts";
import type { Instance } from "../../src/ports/runtime.ts";
import { simClock } from "../../src/testing/sim/sim-clock.ts";

type Sessions = { copy: number; live: number };

/** `looks`: what is seen, one after the other; the last one stays. */
function watching(...looks: Result<Sessions>[]) {
  const clock = simClock(() => "boot");
  const asked: unknown[] = [];
  const place: CopyPlace = {
    ...{ live: "shop", copy: "shop_drill" },
    open: async () => ok(undefined),
    seen: async (mark, callers) => {
      asked.push([mark, callers]);
      return looks[Math.min(asked.length, looks.length) - 1] ?? ok({ copy: 0, live: 0 });
    },
  };
  const trials = { callers: async ({ id }: Instance) => [{ address: id, port: 1 }] };
  return { clock, asked, guarded: guardCopy({ clock, place, trials, mark: "m" }) };
}

const instance = { id: "web-1" } as Instance;
const seen = (copy: number, live: number) => ok({ copy, live });

test("the most that was ever seen counts, and each look asks for all that is followed", async () => {
  const { clock, asked, guarded } = watching(seen(0, 0), seen(2, 0), seen(0, 0));
  guarded.follow(instance);
  await clock.settle(clock.sleep(1_000));
  expect(await clock.settle(guarded.end())).toMatchObject({ ok: true, value: { copy: 2, live: 0 } });
  expect(guarded.signal.aborted).toBe(false);
  expect(asked.length).toBeGreaterThan(10);
  expect(asked.at(-1)).toEqual(["m", [{ address: "web-1", port: 1 }]]);
});

test("one session in the live database is enough, however short it was", async () => {
  const { clock, guarded } = watching(seen(1, 0), seen(1, 1), seen(1, 0));
  await clock.settle(clock.sleep(1_000));
  expect(guarded.signal.aborted).toBe(true);
  expect(await clock.settle(guarded.end())).toMatchObject({ value: { live: 1 } });
});

test("a guard that cannot see ends it as well", async () => {
  const { clock, guarded } = watching(
    seen(1, 0),
    problem("unreachable", "no server", "start it"),
    seen(1, 0),
  );
  await clock.settle(clock.sleep(1_000));
  expect(guarded.signal.aborted).toBe(true);
  expect(await clock.settle(guarded.end())).toMatchObject({ ok: false, error: { what: "no server" } });
});
