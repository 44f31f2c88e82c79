// What doctor says of the controller: none, by which config it works.
import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import { type AskVitals, controller, type Vitals } from "../../../src/drivers/checks/controller.ts";
import { simClock } from "../../../src/testing/sim/sim-clock.ts";

const clock = simClock(() => "boot");

async function look(inForce: string | undefined, file: string, runs = true) {
  const holder = { pid: 7, startTime: "0", who: "serve" };
  const vitals = { runs, controller: holder, config: inForce, environments: [] };
  const ask: AskVitals = async () => ok(vitals as unknown as Vitals);
  const looked = await controller(ask, file, { clock }).look(new AbortController().signal);
  if (!looked.ok) throw new Error(looked.error.what);
  return looked.value.map(({ is, what, next }) => ({ is, what, next }))[0];
}

test("a config that was edited since the controller read it is a warning, with the way to have it in force", async () => {
  expect(await look("aaaa", "bbbb")).toEqual({
    is: "warn",
    what: "process 7, up 0 ms, works by an older lastgood.yml: it was edited since",
    next: "start the controller again: systemctl restart lastgood, or end lastgood serve and say it again",
  });
});

test("the config that is in force, and a controller that does not say which, are no warning", async () => {
  for (const inForce of ["aaaa", undefined])
    expect(await look(inForce, "aaaa")).toMatchObject({ is: "well", what: "process 7, up 0 ms" });
});

test("none runs: a warning, whatever the config says", async () => {
  expect(await look("aaaa", "bbbb", false)).toMatchObject({ is: "warn", next: "lastgood serve" });
});
