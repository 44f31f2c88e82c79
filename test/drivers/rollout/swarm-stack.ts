// A small stack for the tests of Swarm: two services that ask nobody for anything, in versions that behave differently.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { swarmRollout } from "../../../src/drivers/rollout/swarm.ts";
import { type SwarmConfig, type SwarmDeps, swarmRuntime } from "../../../src/drivers/runtime/swarm/swarm.ts";
import { answerOnSocket } from "../../../src/os/answer-on-socket.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { localFiles } from "../../../src/os/files.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import type { Rollout } from "../../../src/ports/rollout.ts";
import type { Runtime } from "../../../src/ports/runtime.ts";
import type { SwarmBed } from "../../parts/swarm.ts";

/** How a version behaves; `worse` is right for all but the service `api`, which ends at boot. */
export const tempers = {
  good: "",
  better: "",
  crashes: "end()",
  worse: 'if (process.env.NAME === "api") end()',
  unhealthy: "healthy = false",
} as const;
export type Temper = keyof typeof tempers;

/** One program for all: with `check` it is its own health check. */
export function program(version: Temper): string {
  return `import { readFileSync } from "node:fs";
import { createServer, get } from "node:http";
const port = Number(process.env.PORT ?? 3000);
let healthy = true;
const token = () => { try { return readFileSync("/run/secrets/token", "utf8"); } catch { return null; } };
const end = () => { console.log("no database at", process.env.SECRET_URL); process.exit(3); };
if (process.argv[2] === "check") {
  const end = (code) => process.exit(code);
  get({ port, path: "/health" }, (answer) => end(answer.statusCode === 200 ? 0 : 1)).on("error", () => end(1));
} else {
  ${tempers[version]};
  createServer((request, response) => {
    response.statusCode = request.url === "/health" && !healthy ? 503 : 200;
    response.end(JSON.stringify({ version: ${JSON.stringify(version)}, token: token(), env: process.env }));
  }).listen(port);
  process.on("SIGTERM", () => process.exit(0));
}
`;
}

export type StackOptions = {
  readonly services: readonly string[];
  readonly copies: number;
  /** Lines for the `deploy:` part of each service, beside the usual ones. */
  readonly deploy?: readonly string[];
  /** Lines of each service. */
  readonly lines?: readonly string[];
  /** Lines at the top. */
  readonly top?: readonly string[];
  /** More lines of `environment:`. */
  readonly environment?: readonly string[];
  readonly healthcheck?: boolean;
};

/** No virtual addresses here: the kernel has no IP_VS. Fast checks, so that tests are not slow. */
export function stackFile(image: string, options: StackOptions): string {
  const service = (name: string): readonly string[] => [
    `  ${name}:`,
    `    image: ${image}:\${TAG}`,
    "    environment:",
    `      NAME: ${name}`,
    "      SECRET_URL: postgres://app:hunter22@db/app",
    ...(options.environment ?? []).map((line) => `      ${line}`),
    "    stop_grace_period: 2s",
    ...(options.healthcheck === false
      ? []
      : [
          "    healthcheck:",
          '      test: ["CMD", "node", "/app.mjs", "check"]',
          "      interval: 1s",
          "      retries: 3",
        ]),
    ...(options.lines ?? []).map((line) => `    ${line}`),
    "    deploy:",
    "      endpoint_mode: dnsrr",
    `      replicas: ${options.copies}`,
    "      restart_policy: {condition: any, delay: 500ms}",
    "      update_config: {order: start-first, monitor: 1s, failure_action: rollback}",
    ...(options.deploy ?? []).map((line) => `      ${line}`),
  ];
  return [
    'version: "3.8"',
    ...(options.top ?? []),
    "services:",
    ...options.services.flatMap(service),
    "",
  ].join("\n");
}

export type Stack = {
  readonly config: SwarmConfig;
  readonly deps: SwarmDeps;
  readonly folder: string;
  readonly file: string;
  readonly runtime: Runtime;
  readonly rollout: Rollout;
  /** A new controller's. */
  again(): Rollout;
  rewrite(text: string): Promise<void>;
  close(): Promise<void>;
};

export const image = "shop-app";
let stacks = 0;

/** Builds the versions, writes the files; nothing runs yet. */
export async function stackOf(
  bed: SwarmBed,
  options: StackOptions,
  versions: readonly Temper[],
): Promise<Stack> {
  for (const version of versions) await bed.image(image, version, program(version));
  const folder = await mkdtemp(join(tmpdir(), "lastgood-swarm-"));
  const file = join(folder, "stack.yml");
  await writeFile(file, stackFile(image, options));
  await mkdir(join(folder, "state"), { mode: 0o700 });
  const [manager] = bed.nodes;
  stacks += 1;
  const config: SwarmConfig = {
    stateDir: join(folder, "state"),
    socket: manager.socket,
    recordSocket: join(folder, "record.sock"),
    stackName: `shop${stacks}`,
    files: [file],
    envFile: null,
    versionVariable: "TAG",
    services: Object.fromEntries(
      options.services.map((name) => [name, { class: "app", healthPath: "/health" }]),
    ),
    timeoutMs: 120_000,
  };
  const deps = swarmDeps();
  const again = () => swarmRollout(config, deps);
  return {
    config,
    deps,
    folder,
    file,
    runtime: swarmRuntime(config, deps),
    rollout: again(),
    again,
    rewrite: (text) => writeFile(file, text),
    async close() {
      const names = await manager.docker(
        "service",
        "ls",
        "--quiet",
        "--filter",
        `label=com.docker.stack.namespace=${config.stackName}`,
      );
      if (names !== "") await manager.docker("service", "rm", ...names.split("\n"));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function swarmDeps(): SwarmDeps {
  const clock = systemClock();
  const host = localHost({ PATH: process.env["PATH"] ?? "" }, clock);
  return { files: localFiles(), http: httpClient(), clock, host, listen: answerOnSocket };
}

/** Copies of a release that run, by the docker client's word and the nodes' own. */
export async function runningOn(
  bed: SwarmBed,
  stack: Stack,
  service: string,
  release: string,
): Promise<number> {
  const filters = [
    ...["--filter", `label=lastgood.release=${release}`],
    ...["--filter", `label=com.docker.swarm.service.name=${stack.config.stackName}_${service}`],
  ];
  const counts = bed.nodes.map(async (node) => {
    const said = await node.docker("ps", "--quiet", ...filters);
    return said === "" ? 0 : said.split("\n").length;
  });
  return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
}
