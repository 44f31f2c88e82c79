// Swarm's own rollback, with the same image behind the same nginx: a swarm of one node on the bench's own engine.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { run } from "../../scripts/parts/run.ts";
import type { Stack } from "../../src/demo/stack/stack.ts";
import { type Docker, pause } from "../stack/bed.ts";
import { bad, good, type Way } from "./recover.ts";

const service = "shop";
const lookMs = 100;

/**
 * It takes the place of the stack's own app, which is down then. On the network of the host, since there may be no
 * IP_VS here: with one node and one port that is the same as a port in host mode, and as Swarm's default order:
 * the old task stops before the new one starts.
 */
export async function bySwarm(stack: Stack, docker: Docker): Promise<Way & { end(): Promise<void> }> {
  const call = (...args: readonly string[]) =>
    run(["docker", ...args], { env: { ...process.env, ...docker } as Docker });
  const image = (version: string) => `${stack.name}-production-api:${version}`;
  await stack.compose(["stop", stack.api]);
  await call("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:0");
  await call(
    "service",
    "create",
    "--detach",
    "--no-resolve-image",
    ...(await settings(stack, call)),
    image(good),
  );
  const update = async (version: string) => {
    await call("service", "update", "--detach", "--no-resolve-image", "--image", image(version), service);
    await settled(call);
  };
  return {
    name: "docker service rollback",
    typed: [`docker service rollback ${service}`],
    makeBad: () => update(bad),
    goBack: () => call("service", "rollback", service),
    async end() {
      await call("service", "rm", service);
      await call("swarm", "leave", "--force");
      await stack.compose(["start", stack.api]);
    },
  };
}

type Call = (...args: readonly string[]) => Promise<string>;

async function settings(stack: Stack, call: Call): Promise<readonly string[]> {
  const port =
    /127\.0\.0\.1:(\d+):/.exec(await readFile(join(stack.dir, stack.files[0] ?? ""), "utf8"))?.[1] ?? "";
  const redis = (await stack.compose(["ps", "--quiet", "redis"])).trim();
  const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
  const own = parseEnv(await readFile(join(stack.dir, stack.envFile), "utf8"));
  const env = {
    ...own,
    PORT: port,
    REDIS_URL: `redis://${(await call("inspect", "--format", address, redis)).trim()}:6379`,
    DATABASE_URL: stack.databaseUrl ?? "",
  };
  const pairs = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  return ["--name", service, "--network", "host", ...pairs];
}

async function settled(call: Call): Promise<void> {
  const ask = "{{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}";
  while ((await call("service", "inspect", "--format", ask, service)).trim() !== "completed")
    await pause(lookMs);
}
