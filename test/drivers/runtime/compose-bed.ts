// A compose runtime on a real engine, with a small stack of its own: files in a temp folder, versions as images.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Release } from "../../../src/core/release.ts";
import type { Problem, Result } from "../../../src/core/result.ts";
import {
  type ComposeRuntime,
  type ComposeRuntimeConfig,
  composeRuntime,
} from "../../../src/drivers/runtime/compose/compose.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import type { Host } from "../../../src/ports/host.ts";
import type { Op } from "../../../src/ports/op.ts";
import type { Instance } from "../../../src/ports/runtime.ts";
import type { RuntimeBed } from "../../../src/testing/contracts/runtime.ts";
import { tempFolder } from "../../os/temp-folder.ts";
import { afterTest, type Later } from "../../parts/bed.ts";
import { type DockerBed, docker } from "../../parts/docker.ts";

export const SECRET = "hunter2-not-to-be-seen";

/** Answers with its version and colour on port 3000; ends on SIGTERM. */
export const SERVER = `
  const { createServer } = require("node:http");
  const answer = [process.env.VERSION, process.env.COLOR].join(" ");
  const server = createServer((_, response) => response.end(answer));
  server.listen(3000, () => console.log("ready", process.env.DB_PASSWORD));
  process.on("SIGTERM", () => process.exit(0));`;
export const CRASH = `console.log("about to fail"); console.error("no database with " + process.env.DB_PASSWORD); process.exit(3)`;

export type ComposeBed = RuntimeBed & {
  readonly docker: DockerBed;
  readonly folder: string;
  readonly stateDir: string;
  readonly config: ComposeRuntimeConfig;
  readonly runtime: ComposeRuntime;
  with(config: Partial<ComposeRuntimeConfig>, host?: Host): ComposeRuntime;
  /** Write a file of the stack. */
  file(name: string, content: string): Promise<void>;
  /** An image `<project>/<name>:<version>` whose main process runs this program. */
  image(name: string, version: string, program: string): Promise<void>;
};

export function op(name: string, epoch = 1, signal = new AbortController().signal): Op {
  return { id: `op-${name}`, epoch, signal };
}

/** `services`: YAML below `services:`, beside `web`; `web`: more lines of that service. */
export type StackText = { readonly web?: string; readonly services?: string; readonly rest?: string };

export async function composeBed(
  text: StackText = {},
  given?: DockerBed,
  later: Later = afterTest,
): Promise<ComposeBed> {
  const bed = given ?? (await docker(later));
  const folder = await tempFolder();
  const stackDir = join(folder, "stack");
  const stateDir = join(folder, "state", "runtime");
  const file: ComposeBed["file"] = async (name, content) => {
    await mkdir(dirname(join(stackDir, name)), { recursive: true });
    await writeFile(join(stackDir, name), content);
  };
  await file("docker-compose.prod.yml", stackFile(bed.project, text));
  await file(".env", `DB_PASSWORD=${SECRET}\nCOLOR=blue\n`);
  const image: ComposeBed["image"] = async (name, version, program) => {
    const dockerfile = `FROM lastgood-test/base:1\nLABEL lastgood.test=${bed.project}\nENTRYPOINT ["node", "-e", ${JSON.stringify(program)}]\n`;
    await bed.docker(["build", "--tag", `${bed.project}/${name}:${version}`, "-"], { stdin: dockerfile });
  };
  await Promise.all([image("web", "v1", SERVER), image("web", "v2", CRASH)]);
  const config: ComposeRuntimeConfig = {
    app: "shop",
    env: bed.project,
    stateDir,
    stack: {
      folder: stackDir,
      files: ["docker-compose.prod.yml"],
      envFiles: [],
      profiles: [],
      project: null,
      versionVariable: "TAG",
      blank: [],
    },
    docker: { host: null, context: null, configDir: null },
    pull: "missing",
    services: {},
  };
  const make: ComposeBed["with"] = (more, host = bed.host) =>
    composeRuntime({ ...config, ...more }, { host, files: localFiles(), clock: systemClock() });
  return {
    docker: bed,
    folder: stackDir,
    stateDir,
    config,
    runtime: make({}),
    again: async () => make({}),
    with: make,
    file,
    image,
    op: (name, epoch) => op(name, epoch),
    versions: { good: "v1", crashes: "v2", missing: "v9" },
    service: "web",
    aliveCount: async (release) => (await running(bed, release)).length,
  };
}

/** Names of running containers of a release, by the engine itself. */
export async function running(bed: DockerBed, release: string): Promise<readonly string[]> {
  const filters = [
    `label=lastgood.release=${release}`,
    `label=lastgood.env=${bed.project}`,
    "status=running",
  ];
  const args = ["ps", "--format", "{{.Names}}", ...filters.flatMap((filter) => ["--filter", filter])];
  return (await bed.docker(args)).split("\n").filter((name) => name !== "");
}

/** No timings: a container that is stopped ends at once, and healthchecks of their own come in single tests. */
export function stackFile(project: string, { web = "", services = "", rest = "" }: StackText): string {
  return `name: ${project}
services:
  web:
    image: ${project}/web:\${TAG}
    expose: ["3000"]
    stop_grace_period: 5s
    environment: {VERSION: "\${TAG}", COLOR: "\${COLOR}", DB_PASSWORD: "\${DB_PASSWORD}"}
${web}${services}${rest}`;
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}

export function failure(result: Result<unknown>): Problem {
  if (result.ok) throw new Error("it should have been refused");
  return result.error;
}

export async function started(
  bed: ComposeBed,
  name = "start",
): Promise<{ release: Release; instance: Instance }> {
  const release = value(await bed.runtime.capture("v1"));
  return { release, instance: value(await bed.runtime.start(op(name), bed.service, release)) };
}

/** What the app answers, once it does. */
export async function answer(url: string | null): Promise<string> {
  if (url === null) throw new Error("it has no address");
  for (let attempt = 1; ; attempt++) {
    try {
      return await (await fetch(url)).text();
    } catch (error) {
      if (attempt >= 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
