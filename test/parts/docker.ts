// Docker for tests: the engine that all tests share, and private ones for tests that kill theirs.
//
// Images: lastgood-test/node:24 (node alone, no shell), lastgood-test/base:1 = node:24-alpine (node and busybox),
// redis:7, postgres:15, nginx:1.22: used like the official ones, made by scripts/images from this machine's files.
// The host reaches containers by their addresses (198.19.*); published ports work on loopback.
import { randomBytes } from "node:crypto";
import { makeImages } from "../../scripts/images/index.ts";
import {
  type Engine,
  type PrivateEngine,
  startEngine,
  startPrivateEngine,
} from "../../scripts/parts/engine.ts";
import { oneAtATime } from "../../scripts/parts/one-at-a-time.ts";
import { type RunOptions, run, tryRun } from "../../scripts/parts/run.ts";
import { systemClock } from "../../src/os/clock.ts";
import { localHost } from "../../src/os/exec.ts";
import type { Finished, Host } from "../../src/ports/host.ts";
import { afterTest, bedFolder, type Later } from "./bed.ts";

export type DockerBed = {
  readonly socket: string;
  /** DOCKER_HOST, DOCKER_CONFIG, PATH, HOME: the whole environment for docker's client. */
  readonly env: Readonly<Record<string, string>>;
  /** This machine with that environment: what drivers get. */
  readonly host: Host;
  /** Unique. What is made under it (compose project, names that begin with it, label lastgood.test=…) goes at the end. */
  readonly project: string;
  /** `docker` with these arguments; its standard output. Throws where it fails. */
  readonly docker: (args: readonly string[], options?: Omit<RunOptions, "env">) => Promise<string>;
  /** The same, however it ends. */
  readonly tryDocker: (args: readonly string[], options?: Omit<RunOptions, "env">) => Promise<Finished>;
};

const imagesReady = new Map<string, Promise<void>>();

/** A project of its own on the shared engine. */
export async function docker(later: Later = afterTest): Promise<DockerBed> {
  const engine = await startEngine();
  if (engine === null) throw new Error("no docker here: guard the test with describeWith('docker')");
  return await bedOn(engine, [], later);
}

export type PrivateDockerBed = DockerBed & { readonly engine: PrivateEngine };

/** An engine that may be killed: `process()`, `startAgain()`. Takes about 3 s with these images. */
export async function privateDocker(
  images: readonly string[] = ["lastgood-test/base:1"],
  later: Later = afterTest,
): Promise<PrivateDockerBed> {
  const folder = await bedFolder("docker", later);
  const engine = await startPrivateEngine(folder);
  if (engine === null) throw new Error("no docker here: guard the test with describeWith('docker')");
  later(engine.stop);
  return { ...(await bedOn(engine, images, () => {})), engine };
}

/** No names of images are all. */
async function bedOn(engine: Engine, images: readonly string[], later: Later): Promise<DockerBed> {
  const { env, socket } = engine;
  const making = imagesReady.get(socket) ?? oneAtATime("docker-images", () => makeAll(images, engine));
  imagesReady.set(socket, making);
  await making;
  const project = `lgt${randomBytes(5).toString("hex")}`;
  later(() => removeAll(project, env));
  return {
    socket,
    env,
    project,
    host: localHost(env, systemClock()),
    docker: (args, options) => run(["docker", ...args], { ...options, env }),
    tryDocker: async (args, options) => {
      const ended = await tryRun(["docker", ...args], { ...options, env });
      if (ended === null) throw new Error("the docker client could not be started");
      return ended;
    },
  };
}

async function makeAll(images: readonly string[], { env }: Engine): Promise<void> {
  await makeImages(images, env);
}

/** Whatever carries the project's name, by compose's label, by ours, or by its own name. */
async function removeAll(project: string, env: Readonly<Record<string, string>>): Promise<void> {
  const ids = async (...list: readonly string[]): Promise<readonly string[]> => {
    const filters = [
      `label=com.docker.compose.project=${project}`,
      `label=lastgood.test=${project}`,
      `name=${project}`,
    ];
    const found = await Promise.all(
      filters.map((filter) => tryRun(["docker", ...list, "--filter", filter], { env })),
    );
    return [...new Set(found.flatMap((ended) => (ended?.stdout ?? "").split("\n")))].filter(
      (id) => id !== "",
    );
  };
  const remove = async (what: readonly string[], list: readonly string[]) => {
    if (list.length > 0) await tryRun(["docker", ...what, ...list] as [string, ...string[]], { env });
  };
  await remove(["rm", "--force", "--volumes"], await ids("ps", "--all", "--quiet", "--no-trunc"));
  await remove(["network", "rm"], await ids("network", "ls", "--quiet"));
  await remove(["volume", "rm", "--force"], await ids("volume", "ls", "--quiet"));
  const images = await tryRun(["docker", "images", "--format", "{{.Repository}}:{{.Tag}}"], { env });
  const own = (images?.stdout ?? "")
    .split("\n")
    .filter((name) => name.includes(project) && !name.includes("<none>"));
  await remove(["image", "rm", "--force"], own);
}
