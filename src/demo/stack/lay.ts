// Lays one of the example stacks into a fresh folder as its team would have it, and takes everything down at the end.
import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bed, type DockerEnv, makeBed } from "./bed.ts";
import { layHibachi } from "./hibachi.ts";
import { layHummii } from "./hummii.ts";
import { copyPackages } from "./packages.ts";
import { examples } from "./places.ts";
import { removeAll } from "./remove.ts";
import type { Laid, Stack, StackName } from "./stack.ts";
import { untilHealthy } from "./until.ts";

const composeMs = 5 * 60_000;

/** `root`: an existing folder; the stack gets one of its own inside. Starts nothing in Docker: see `up`. */
export async function layStack(
  kind: StackName,
  { docker, root }: { readonly docker: DockerEnv; readonly root: string },
): Promise<Stack> {
  const bed = await makeBed(kind, docker, root);
  const laid = await layFiles(bed, kind).catch(async (error: unknown) => {
    await tidyUp(bed, async () => {});
    throw error;
  });
  const envFile = kind === "hummii" ? ["--env-file", laid.envFile] : [];
  const compose = (args: readonly string[]) => {
    const files = laid.files.flatMap((file) => ["-f", file]);
    return bed.run(["docker", "compose", ...files, ...envFile, ...args], { timeoutMs: composeMs });
  };
  let ended: Promise<void> | undefined;
  return {
    ...laid,
    kind,
    name: bed.name,
    dir: bed.dir,
    compose,
    async up() {
      const [database, ...rest] = kind === "hummii" ? ["postgres", "redis"] : ["redis"];
      await compose(["up", "--detach", "--wait", database ?? "", ...rest]);
      await compose(["run", "--rm", "--no-deps", laid.api, "node", "migrate.mjs"]);
      await compose(["up", "--detach"]);
      await untilHealthy(laid.healthUrl).catch(async (error: Error) => {
        const state = await compose(["ps", "--all"]);
        const logs = await compose(["logs", "--tail", "20"]);
        throw new Error(`${error.message}\n${state}\n${logs}`);
      });
    },
    stop: () => {
      ended ??= tidyUp(bed, laid.end);
      return ended;
    },
  };
}

async function layFiles(bed: Bed, kind: StackName): Promise<Laid> {
  await cp(join(examples, kind), bed.dir, { recursive: true });
  await cp(join(examples, "shop", "app"), join(bed.dir, "api"), { recursive: true });
  await copyPackages(["pg", "@redis/client"], join(bed.dir, "api", "node_modules"));
  return kind === "hummii" ? layHummii(bed) : layHibachi(bed);
}

async function tidyUp(bed: Bed, end: () => Promise<void>): Promise<void> {
  // The one must not stay because the other would not go.
  const ended = await Promise.allSettled([end(), removeAll(bed)]);
  await rm(bed.dir, { recursive: true, force: true });
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}
