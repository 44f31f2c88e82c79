// Which release is last good, and which files may go.
import { expect, test } from "vitest";
import { type EnvState, emptyEnv, type ReleaseState } from "../../../src/core/env-state.ts";
import { byVersion, forgettable, lastGood } from "../../../src/core/view/releases.ts";
import { simRelease } from "../../../src/testing/sim/stage.ts";

function released(version: string, servedAt: number, good: boolean, kept = true): ReleaseState {
  return {
    release: simRelease(version),
    madeAt: servedAt,
    servedAt,
    goodAt: good ? servedAt + 1 : null,
    kept,
    restorePoint: null,
    flags: null,
  };
}

function envOf(...all: ReleaseState[]): EnvState {
  return { ...emptyEnv, releases: Object.fromEntries(all.map((one) => [one.release.id, one])) };
}

test("last good is the newest that passed its watch", () => {
  const env = envOf(released("v1", 1, true), released("v2", 2, true), released("v3", 3, false));
  expect(lastGood(env)?.release.version).toBe("v2");
});

test("last good is never one that is quarantined, whose files are gone, or that is being left", () => {
  const env = envOf(released("v1", 1, true), released("v2", 2, true), released("v3", 3, true, false));
  const { digest, id } = simRelease("v2");
  const bad = { ...env, quarantine: { [digest]: { release: id, why: "errors", at: 1 } } };
  expect(lastGood(bad)?.release.version).toBe("v1");
  expect(lastGood(env, id)?.release.version).toBe("v1");
});

test("failed releases never push out a good one", () => {
  const failed = Array.from({ length: 9 }, (_, index) => released(`f${index}`, 10 + index, false));
  const env = { ...envOf(released("v1", 1, true), ...failed), serving: null };
  expect(forgettable(env, 5)).toHaveLength(4);
  expect(forgettable(env, 5)).not.toContain(simRelease("v1").id);
});

test("what serves or is watched is never forgotten", () => {
  const all = Array.from({ length: 9 }, (_, index) => released(`v${index}`, index, true));
  const serving = simRelease("v0").id;
  expect(forgettable({ ...envOf(...all), serving }, 2)).not.toContain(serving);
});

test("a version names its newest release; a release id names itself", () => {
  const env = envOf(released("v1", 1, true));
  expect(byVersion(env, "v1")?.release.id).toBe(simRelease("v1").id);
  expect(byVersion(env, simRelease("v1").id)?.release.version).toBe("v1");
  expect(byVersion(env, "v9")).toBeNull();
});
