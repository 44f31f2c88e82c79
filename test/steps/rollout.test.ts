// The step that lets a platform replace a service, on a platform in memory that does nothing by itself.
import { expect, test } from "vitest";
import type { Release } from "../../src/core/release.ts";
import type { Clock } from "../../src/ports/clock.ts";
import {
  type MemoryPlatform,
  meddle,
  memoryRollout,
  newPlatform,
  turn,
} from "../../src/testing/memory-rollout.ts";
import { type Move, type Moved, move, probe } from "../drivers/rollout/step-driving.ts";

const [good, better, crashes] = ["good", "better", "crashes"].map(releaseOf) as [Release, Release, Release];

test("all copies are replaced, and the evidence says which release and how many", async () => {
  const platform = comesUp();
  const { verdict } = await move(to(platform, good));
  expect(verdict).toEqual({
    is: "applied",
    evidence: { release: "good", generation: 1, running: 3, wanted: 3 },
  });
});

test("where the release runs already, nothing is ordered", async () => {
  const platform = comesUp();
  await move(to(platform, good));
  const { verdict } = await move(to(platform, good, "again"));
  expect(verdict).toMatchObject({ is: "applied", evidence: { generation: 1 } });
});

test("a release whose copies end is told with what the platform says, and is not there", async () => {
  const platform = comesUp();
  await move(to(platform, good));
  const { verdict, problem } = await move(to(platform, crashes));
  expect(problem).toMatchObject({ code: "unhealthy", what: expect.stringContaining("a copy ended") });
  expect(verdict).toMatchObject({ is: "absent", what: expect.stringContaining("a copy ended") });
});

test("what takes too long is told as such, and not asked for again by itself", async () => {
  const platform = comesUp();
  const { verdict, problem } = await move({
    ...to(platform, good),
    clock: clockOf(() => undefined),
    timeoutMs: 5_000,
  });
  expect(problem).toMatchObject({ code: "unhealthy", what: expect.stringContaining("5 s") });
  expect(verdict.is).toBe("absent");
});

test("after a crash in the middle the next controller waits for the order that was given", async () => {
  const platform = comesUp();
  await move(to(platform, good));
  const cut = new AbortController();
  const first = await move({
    ...to(platform, better),
    clock: clockOf(() => cut.abort()),
    signal: cut.signal,
  });
  expect(first.problem?.code).toBe("cancelled");
  expect(platform.services.get("web")?.generation).toBe(2);
  expect((await probe(to(platform, better), first.before)).is).toBe("absent");
  const second = await move(to(platform, better));
  expect(second.verdict).toMatchObject({ is: "applied", evidence: { generation: 2 } });
});

test("somebody else's release in between is foreign", async () => {
  const platform = comesUp();
  await move(to(platform, good));
  const meanwhile = clockOf(() => {
    const placed = platform.services.get("web");
    if (placed) Object.assign(placed, { generation: placed.generation + 1, op: null, release: "theirs" });
  });
  const { verdict, problem } = await move({ ...to(platform, better), clock: meanwhile });
  expect(problem?.code).toBe("conflict");
  expect(verdict).toMatchObject({ is: "foreign", what: expect.stringContaining("theirs") });
});

test("a foreign touch that leaves our release running does no harm", async () => {
  const platform = comesUp();
  const done = await move(to(platform, good));
  meddle(platform, "web");
  expect((await probe(to(platform, good), done.before)).is).toBe("applied");
});

test("a service that was never ordered is absent, one that went is foreign", async () => {
  const platform = comesUp();
  const never = { generation: 0, release: null, steady: false };
  expect(await probe(to(platform, good), never)).toEqual({ is: "absent" });
  const { before } = await move(to(platform, good));
  expect(before).toEqual(never);
  const seen = (await move(to(platform, better))).before;
  platform.services.clear();
  expect(await probe(to(platform, better), seen)).toMatchObject({ is: "foreign" });
});

test("two services move together or not at all: the one that moved goes back with the one that could not", async () => {
  const platform = comesUp();
  for (const service of ["web", "api"]) await move(to(platform, good, "first", service));
  const worse = { ...better, id: "worse" };
  const moves: Moved[] = [];
  for (const service of ["web", "api"]) {
    const bad = service === "api" ? crashes : worse;
    moves.push(await move(to(platform, bad, "bad", service)));
  }
  expect(moves.map(({ verdict }) => verdict.is)).toEqual(["applied", "absent"]);
  for (const service of ["api", "web"]) {
    expect((await move(to(platform, good, "back", service))).verdict.is).toBe("applied");
  }
});

function comesUp(): MemoryPlatform {
  return newPlatform(3, (release) => release !== "crashes");
}

function to(platform: MemoryPlatform, release: Release, name = release.id, service = "web"): Move {
  const clock = clockOf(() => turn(platform));
  return { rollout: memoryRollout(platform), clock, service, release, name: `${service}-${name}` };
}

/** Time goes on only while somebody waits, and then `meanwhile` happens. */
function clockOf(meanwhile: () => void): Clock {
  let elapsed = 0;
  return {
    now: () => elapsed,
    elapsed: () => elapsed,
    bootId: () => "boot",
    sleep: async (ms) => {
      elapsed += ms;
      meanwhile();
    },
  };
}

function releaseOf(id: string): Release {
  return { id, version: id, digest: id, services: {} };
}
