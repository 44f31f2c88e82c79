// Doctor asks everything at once and waits for nothing longer than its deadline.
import { expect, test } from "vitest";
import { deadlineAt, doctor } from "../../src/app/doctor.ts";
import { well } from "../../src/core/doctor/look.ts";
import { ok, problem, type Result } from "../../src/core/result.ts";
import { exitCodes } from "../../src/core/view/outcome.ts";
import type { Check } from "../../src/ports/checkup.ts";
import { simClock } from "../../src/testing/sim/sim-clock.ts";

const deadlineMs = 1_500;

type Fake = { readonly afterMs?: number; readonly hangs?: boolean; readonly fails?: boolean };

/** `aborted`: names of the checks whose signal was aborted before they had answered. */
function bed(fakes: Record<string, Fake>) {
  const clock = simClock(() => "boot-1");
  const aborted: string[] = [];
  const checks = Object.entries(fakes).map(([name, { afterMs = 0, hangs = false, fails = false }]): Check => {
    const answer: Result<ReturnType<typeof well>[]> = fails
      ? problem("failed", `${name} broke`, "mend it")
      : ok([well(name, "fine")]);
    return {
      name,
      about: name,
      next: `look at ${name}`,
      async look(signal) {
        signal.addEventListener("abort", () => hangs && aborted.push(name));
        // What hangs does not hear the signal either.
        if (hangs) return new Promise(() => undefined);
        await clock.sleep(afterMs);
        return answer;
      },
    };
  });
  const run = () => clock.settle(doctor([{ env: "production", checks }], clock, { env: null, deadlineMs }));
  return { run, clock, aborted };
}

function rowsOf(outcome: Awaited<ReturnType<typeof doctor>>) {
  return outcome.data["checks"] as unknown as {
    check: string;
    is: string;
    what: string;
    ms: number;
    next: string;
  }[];
}

test("a check that hangs, deaf to its signal, costs the deadline and no more; the others are all there", async () => {
  const { run, clock, aborted } = bed({ a: { afterMs: 1_000 }, b: { hangs: true }, c: { afterMs: 1_400 } });
  const outcome = await run();
  expect(clock.elapsed()).toBe(deadlineMs);
  expect(rowsOf(outcome).map((row) => [row.check, row.is])).toEqual([
    ["b", "bad"],
    ["a", "well"],
    ["c", "well"],
  ]);
  expect(rowsOf(outcome)[0]).toMatchObject({
    what: "did not answer in 1.5 s",
    next: "look at b",
    ms: deadlineMs,
  });
  expect(aborted).toEqual(["b"]);
});

test("however many hang, the answer takes one deadline: they are asked at once", async () => {
  const { run, clock } = bed(
    Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`c${i}`, { hangs: true }])),
  );
  const outcome = await run();
  expect(clock.elapsed()).toBe(deadlineMs);
  expect(outcome.data["counts"]).toMatchObject({ bad: 30 });
});

test("nobody waits for the deadline where all have answered", async () => {
  const { run, clock } = bed({ a: { afterMs: 20 }, b: { afterMs: 30 } });
  const outcome = await run();
  expect(clock.elapsed()).toBe(30);
  expect(exitCodes[outcome.outcome]).toBe(0);
});

test.each([
  [0, 1_500],
  [300, 1_500],
  [620, 1_200],
  [5_000, 1_000],
])("a command that needed %i ms to come up gives each part %i ms", (age, deadline) => {
  expect(deadlineAt(age)).toBe(deadline);
});

test("a check that fails is bad, with what it said and what to do; the command ends with 1", async () => {
  const { run } = bed({ a: { fails: true }, b: {} });
  const outcome = await run();
  expect(rowsOf(outcome)[0]).toMatchObject({ check: "a", is: "bad", what: "a broke", next: "mend it" });
  expect(exitCodes[outcome.outcome]).toBe(1);
});
