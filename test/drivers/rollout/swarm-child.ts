// A controller that rolls one service out and may be killed at any moment: `node swarm-child.ts <job as JSON>`.
import { readFileSync } from "node:fs";
import { swarmRollout } from "../../../src/drivers/rollout/swarm.ts";
import type { SwarmConfig } from "../../../src/drivers/runtime/swarm/swarm.ts";
import { move } from "./step-driving.ts";
import { swarmDeps } from "./swarm-stack.ts";

export type Job = {
  readonly config: SwarmConfig;
  readonly service: string;
  readonly release: string;
  readonly name: string;
};

const job = JSON.parse(process.argv[2] ?? "") as Job;
const manifest = readFileSync(`${job.config.stateDir}/releases/${job.release}/release.json`, "utf8");
const { release } = JSON.parse(manifest);
const deps = swarmDeps();
process.stdout.write("begun\n");
const { verdict } = await move({
  ...job,
  release,
  clock: deps.clock,
  rollout: swarmRollout(job.config, deps),
});
process.stdout.write(`${verdict.is}\n`);
