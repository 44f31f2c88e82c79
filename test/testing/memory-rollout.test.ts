import { describe, test } from "vitest";
import { opId } from "../../src/core/digest.ts";
import type { Release } from "../../src/core/release.ts";
import { type RolloutBed, rolloutContract } from "../../src/testing/contracts/rollout.ts";
import { meddle, memoryRollout, newPlatform, runningCount, turn } from "../../src/testing/memory-rollout.ts";

const service = "web";

describe("the platform in memory keeps the contract of all rollouts:", () => {
  test.each(rolloutContract)("$name", async ({ run }) => {
    await run(bed());
  });
});

function bed(): RolloutBed {
  const platform = newPlatform(3, (release) => release !== "crashes");
  return {
    rollout: memoryRollout(platform),
    again: async () => memoryRollout(platform),
    op: (name, epoch = 1) => ({
      id: opId("contract", "do", name),
      epoch,
      signal: new AbortController().signal,
    }),
    service,
    releases: { good: release("good"), better: release("better"), crashes: release("crashes") },
    copies: platform.wanted,
    runningCount: async (id) => runningCount(platform, service, id),
    meddle: async () => meddle(platform, service),
    pause: async () => turn(platform),
  };
}

function release(id: string): Release {
  return { id, version: id, digest: id, services: {} };
}
