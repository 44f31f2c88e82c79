// lastgood init on this machine: it needs neither a config nor a controller.
import { basename, dirname, resolve } from "node:path";
import { type InitPlan, planInit, writeChange } from "../app/init/init.ts";
import { ok, type Result } from "../core/result.ts";
import { localHost } from "../os/exec.ts";
import { thisMachine } from "./machine.ts";

/** Which engine docker's client asks, where somebody has said it. */
const ofDocker = ["DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT"];

/** `config`: where the config file is or will be; its folder is the one that is looked at. */
export async function openInit(config: string): Promise<Result<InitPlan>> {
  const { files, clock, baseEnv } = thisMachine();
  const folder = dirname(resolve(config));
  const docker = ofDocker.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const host = localHost({ ...baseEnv, ...Object.fromEntries(docker) }, clock);
  const plan = await planInit({ files, host, folder, etc: "/etc" }, basename(config));
  if (!plan.ok) return plan;
  const { proposal, changes } = plan.value;
  const { assumed, unknown } = proposal;
  return ok({ changes, assumed, unknown, write: (change) => writeChange(files, folder, change) });
}
