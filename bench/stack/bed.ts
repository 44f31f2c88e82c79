// An example stack on a Docker engine with Lastgood in charge of it, for benches that load it through its front door.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type LoadOptions, startLoad } from "../../src/demo/load/load.ts";
import { stackConfig } from "../../src/demo/stack/config.ts";
import { layStack } from "../../src/demo/stack/lay.ts";
import type { Stack, StackName } from "../../src/demo/stack/stack.ts";
import { localProcesses } from "../../src/os/processes.ts";

const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));

export type Docker = Readonly<Record<string, string>>;

export type StackBed = {
  readonly stack: Stack;
  /** When the newest run was decided: its plan became durable. Wall clock, ms. */
  decidedAt(): Promise<number>;
  /** The CLI as a process of its own, to its end. Rejects where it does not exit with 0. */
  lastgood(...words: readonly string[]): Promise<void>;
  /** A controller that stays, until the bed is closed or this is called. */
  serve(): Promise<() => Promise<void>>;
  load(options: Pick<LoadOptions, "perSecond" | "clients" | "seed">): ReturnType<typeof startLoad>;
  close(): Promise<void>;
};

/** Up, with its first version, as its team starts it. Lastgood has a config and has done nothing yet. */
export async function stackBed(kind: StackName, docker: Docker): Promise<StackBed> {
  const root = await mkdtemp(join(tmpdir(), "lastgood-bench-stack-"));
  const stack = await layStack(kind, { docker, root });
  const stateDir = join(root, "state");
  const config = join(stack.dir, "lastgood.yml");
  const env = { ...process.env, ...docker, CI: "true" };
  const children = new Set<ChildProcess>();
  const close = async () => {
    for (const child of children) child.kill("SIGKILL");
    await stack.stop();
    await rm(root, { recursive: true, force: true });
  };
  try {
    await stack.up();
    const text = stackConfig(stack, {
      docker,
      state: stateDir,
      watch: "{ for: 30m, check: 1s }",
      policy: "{ release: never }",
      controllerPort: await localProcesses().freePort(),
    });
    await writeFile(config, text);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    stack,
    decidedAt: () => newestPlan(join(stateDir, "journal.ndjson")),
    lastgood: (...words) => runToEnd([bin, "--config", config, ...words], env),
    async serve() {
      const child = spawn(process.execPath, [bin, "--config", config, "serve"], {
        env,
        stdio: ["ignore", "ignore", "pipe"],
      });
      children.add(child);
      await untilSaid(child, "Lastgood controller");
      return async () => {
        child.kill("SIGTERM");
        await new Promise((resolve) => child.on("close", resolve));
        children.delete(child);
      };
    },
    load: (options) => startLoad({ url: stack.publicUrl, paths: stack.paths, ...options }),
    close,
  };
}

async function newestPlan(journal: string): Promise<number> {
  const facts = (await readFile(journal, "utf8")).split("\n");
  const planned = facts.findLast((line) => line.startsWith("{") && line.includes('"type":"run.planned"'));
  return planned === undefined ? Number.NaN : (JSON.parse(planned) as { at: number }).at;
}

function runToEnd(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    child.stderr.on("data", (chunk) => (said += chunk));
    child.on("error", reject);
    child.on("close", (exit) => {
      if (exit === 0) resolve();
      else reject(new Error(`lastgood ${args.slice(3).join(" ")} ended with ${exit}: ${said}`));
    });
  });
}

function untilSaid(child: ChildProcess, words: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk) => {
      said += chunk;
      if (said.includes(words)) resolve();
    });
    child.on("close", (exit) => reject(new Error(`it ended with ${exit}: ${said}`)));
  });
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
