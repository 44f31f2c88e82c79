// The Docker engine of a demo: the one that DOCKER_HOST names, or a private one of this project's tests.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { thisMachine } from "../../compose/machine.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { DockerEnv } from "./bed.ts";
import { tools } from "./places.ts";

export type DemoEngine = { readonly docker: DockerEnv; stop(): Promise<void> };

type Env = Readonly<Record<string, string>>;
type EngineTool = {
  startEngine(): Promise<{ readonly env: Env; readonly started: boolean } | null>;
  stopEngine(): Promise<void>;
};
type ImageTool = { makeImages(names: readonly string[], env: Env): Promise<readonly string[]> };

/** The images of the example stacks, made from this machine's own programs: nothing is fetched. */
const images = ["node:24-alpine", "redis:7", "postgres:15", "nginx:1.22"];

export async function demoEngine(): Promise<Result<DemoEngine>> {
  const inClone = await access(tools).then(
    () => true,
    () => false,
  );
  if (!inClone)
    return problem(
      "missing",
      "the example stacks and what they need come with the source, not with the package",
      "Clone the repository, and say there: npm ci && npm run demo -- --stack hibachi",
    );
  const { baseEnv } = thisMachine();
  const { DOCKER_HOST: given } = baseEnv;
  const engine =
    given === undefined ? await privateEngine() : ok({ docker: inherited(given, baseEnv), stop });
  if (!engine.ok) return engine;
  const { makeImages } = (await import(join(tools, "images", "index.ts"))) as ImageTool;
  await makeImages(images, { ...baseEnv, ...engine.value.docker });
  return engine;
}

async function privateEngine(): Promise<Result<DemoEngine>> {
  const { startEngine, stopEngine } = (await import(join(tools, "parts", "engine.ts"))) as EngineTool;
  const engine = await startEngine();
  if (engine === null)
    return problem(
      "missing",
      "a private Docker engine cannot be started here: that takes root, dockerd and Compose v2",
      "On Debian or Ubuntu: apt-get install docker.io docker-compose-v2 nginx postgresql, and run the demo as root; or name an engine: DOCKER_HOST=unix:///var/run/docker.sock. Without Docker: npm run demo",
    );
  const { DOCKER_HOST = "", DOCKER_CONFIG = "" } = engine.env;
  return ok({ docker: { DOCKER_HOST, DOCKER_CONFIG }, stop: engine.started ? stopEngine : stop });
}

function inherited(host: string, { DOCKER_CONFIG: config }: Env): DockerEnv {
  return { DOCKER_HOST: host, ...(config === undefined ? {} : { DOCKER_CONFIG: config }) };
}

/** Somebody else's: it stays as it is. */
const stop = async () => {};
