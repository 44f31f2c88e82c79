// A swarm of three real nodes keeps the contract of all platforms that replace in place.
import { afterAll, beforeAll, test } from "vitest";
import { opId } from "../../../src/core/digest.ts";
import { rolloutContract, value } from "../../../src/testing/contracts/rollout.ts";
import { describeWithSwarm, type SwarmBed, swarmBed } from "../../parts/swarm.ts";
import { runningOn, stackOf } from "./swarm-stack.ts";

const minutes = 60_000;
const describeSwarm = await describeWithSwarm();
let bed: SwarmBed;

describeSwarm("a swarm of three nodes keeps the contract of all rollouts:", () => {
  beforeAll(async () => {
    bed = await swarmBed();
  }, 5 * minutes);
  afterAll(() => bed?.close(), 2 * minutes);

  test.concurrent.each(rolloutContract)(
    "$name",
    async ({ run }) => {
      const stack = await stackOf(bed, { services: ["web"], copies: 2 }, ["good", "better", "crashes"]);
      const capture = async (version: string) => value(await stack.runtime.capture(version));
      try {
        await run({
          rollout: stack.rollout,
          again: async () => stack.again(),
          op: (name, epoch = 1) => ({
            id: opId("contract", "do", name),
            epoch,
            signal: new AbortController().signal,
          }),
          service: "web",
          releases: {
            good: await capture("good"),
            better: await capture("better"),
            crashes: await capture("crashes"),
          },
          copies: 2,
          runningCount: (release) => runningOn(bed, stack, "web", release),
          meddle: async () => {
            const name = `${stack.config.stackName}_web`;
            await bed.nodes[0].docker("service", "update", "--detach", "--label-add", "touched=yes", name);
          },
        });
      } finally {
        await stack.close();
      }
    },
    4 * minutes,
  );
});
