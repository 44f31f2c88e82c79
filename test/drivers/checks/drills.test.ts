// What doctor says of the way back: never drilled, failed, old, well; the second place; the data.
import { expect, test } from "vitest";
import { type BackupState, emptyBackupState } from "../../../src/core/backups/state.ts";
import { ok, problem } from "../../../src/core/result.ts";
import type { AskVitals, Vitals } from "../../../src/drivers/checks/controller.ts";
import { drills } from "../../../src/drivers/checks/drills.ts";
import { simClock } from "../../../src/testing/sim/sim-clock.ts";

const day = 86_400_000;
const clock = simClock(() => "boot");
const ago = (ms: number) => clock.now() - ms;
const drill = { backup: "b1", problem: null, ms: 2_000, bytes: 10, rows: 1 };

async function looks(
  change: Partial<BackupState>,
  { everyMs = 7 * day, assertions = 0, bareAt = null as string | null } = {},
) {
  const environment = { env: "production", backups: { ...emptyBackupState, ...change } };
  const ask: AskVitals = async () => ok({ environments: [environment] } as unknown as Vitals);
  const looked = await drills({ env: "production", everyMs, assertions, bareAt }, ask, { clock }).look(
    new AbortController().signal,
  );
  return looked.ok ? looked.value.map(({ is, about, what, next }) => [is, about, what, next]) : looked.error;
}

test("never drilled is never well", async () => {
  expect(await looks({})).toEqual([
    ["warn", "", "never drilled: nobody knows whether a backup can be restored", "lastgood drill"],
  ]);
});

test("a drill that worked says how long a restore takes; one that is twice as old as wanted is a warning", async () => {
  expect(await looks({ drills: [{ ...drill, at: ago(day) }] })).toEqual([
    ["well", "", "drilled 24 h ago, takes 2 s", null],
  ]);
  expect(await looks({ drills: [{ ...drill, at: ago(15 * day) }] })).toEqual([
    ["warn", "", "drilled 15 d ago, takes 2 s", "lastgood drill"],
  ]);
});

test("the newest drill counts: a failed one is bad, whatever worked before", async () => {
  const failed = { ...drill, at: ago(day), problem: "one bit is another" };
  expect(await looks({ drills: [{ ...drill, at: ago(2 * day) }, failed] })).toEqual([
    ["bad", "", "the drill 24 h ago failed: one bit is another", "lastgood backup list"],
  ]);
});

test("a second place without its copy, and data that is not right, are bad", async () => {
  const change: Partial<BackupState> = {
    drills: [{ ...drill, at: ago(day) }],
    copied: { backup: "b2", at: ago(1), to: "/mnt/second", problem: "it is not there" },
    integrity: {
      live: {
        of: "live",
        at: ago(60_000),
        checks: 3,
        failures: [{ name: "orphans", what: "it answered 2" }],
      },
    },
  };
  expect((await looks(change, { assertions: 3 })) as unknown[]).toEqual([
    expect.anything(),
    ["bad", "second place", "has no copy of b2: it is not there", "lastgood backup now"],
    ["bad", "data", "not right 60 s ago: orphans: it answered 2", "lastgood restore --plan"],
  ]);
});

test("checks that were never asked are a warning; where the config has none, nothing is said", async () => {
  const well = { drills: [{ ...drill, at: ago(day) }] };
  expect(await looks(well, { assertions: 1 })).toContainEqual([
    "warn",
    "data",
    "its integrity checks were never asked",
    "lastgood backup verify",
  ]);
  expect(await looks(well)).toHaveLength(1);
});

test("where no controller answers, its own check tells it", async () => {
  const silent: AskVitals = async () => problem("unreachable", "nobody", "");
  const config = { env: "production", everyMs: null, assertions: 0, bareAt: null };
  expect(await drills(config, silent, { clock }).look(new AbortController().signal)).toEqual(ok([]));
});

test("backups that leave this machine unencrypted are a warning, with how to close them", async () => {
  expect(await looks({}, { bareAt: "s3://shop at store.example" })).toContainEqual([
    "warn",
    "encryption",
    expect.stringContaining("s3://shop at store.example unencrypted"),
    expect.stringContaining("encryptionKeyFile"),
  ]);
});
