// A process runtime on real files and processes in a temp folder, with tiny programs as versions.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import type { Result } from "../../../src/core/result.ts";
import {
  type ProcessRuntimeConfig,
  type ProcessRuntimeDeps,
  type ProcessServiceConfig,
  processRuntime,
} from "../../../src/drivers/runtime/process/process.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { digestTree } from "../../../src/os/digest.ts";
import { localFiles } from "../../../src/os/files.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import type { Op } from "../../../src/ports/op.ts";
import type { Instance, Runtime } from "../../../src/ports/runtime.ts";
import type { RuntimeBed } from "../../../src/testing/contracts/runtime.ts";
import { until } from "../../os/programs.ts";
import { tempFolder } from "../../os/temp-folder.ts";

export const processes = localProcesses();

export const PROGRAMS = {
  good: `import { createServer } from "node:http";
    createServer((_, response) => response.end(process.env.LASTGOOD_RELEASE)).listen(Number(process.env.PORT), "127.0.0.1", () => console.log("ready"));`,
  crashes:
    'console.log("about to fail"); console.error("no database at " + process.env.DB); process.exit(3);',
} as const;

export type Bed = RuntimeBed & {
  readonly folder: string;
  readonly stateDir: string;
  readonly deps: ProcessRuntimeDeps;
  with(service: Partial<ProcessServiceConfig>, deps?: Partial<ProcessRuntimeDeps>): Runtime;
  /** Add a version with this program, and other files by name. */
  version(name: string, program: string, files?: Readonly<Record<string, string>>): Promise<void>;
};

export function op(name: string, epoch = 1, signal = new AbortController().signal): Op {
  return { id: `op-${name}`, epoch, signal };
}

export async function processBed(): Promise<Bed> {
  const folder = await tempFolder();
  const stateDir = join(folder, "state");
  onTestFinished(async () => {
    for (const ref of await processes.find("LASTGOOD_STATE", stateDir)) processes.signal(ref, "SIGKILL");
  });
  const deps: ProcessRuntimeDeps = {
    files: localFiles(),
    processes,
    clock: systemClock(),
    digestTree,
    environment: processes.environment,
    baseEnv: { PATH: process.env["PATH"], HOME: folder, LANG: "C", SHOULD_NOT: "be inherited" },
    node: process.execPath,
  };
  const service: ProcessServiceConfig = {
    source: join(folder, "versions", "{version}"),
    command: ["{node}", "main.mjs", "--port={port}"],
    env: { COLOR: "blue" },
    envFile: null,
    health: { path: "/", timeoutMs: 1_000, intervalMs: 50 },
    stopGraceMs: 1_000,
  };
  const make = (
    more: Partial<ProcessServiceConfig> = {},
    other: Partial<ProcessRuntimeDeps> = {},
  ): Runtime => {
    const config: ProcessRuntimeConfig = { stateDir, services: { web: { ...service, ...more } } };
    return processRuntime(config, { ...deps, ...other });
  };
  const version: Bed["version"] = async (name, program, files = {}) => {
    const target = join(folder, "versions", name);
    await mkdir(target, { recursive: true });
    await writeFile(join(target, "main.mjs"), program);
    for (const [path, content] of Object.entries(files)) {
      await mkdir(join(target, path, ".."), { recursive: true });
      await writeFile(join(target, path), content);
    }
  };
  await version("v1", PROGRAMS.good);
  await version("v2", PROGRAMS.crashes);
  return {
    folder,
    stateDir,
    deps,
    runtime: make(),
    again: async () => make(),
    with: make,
    version,
    op: (name, epoch) => op(name, epoch),
    versions: { good: "v1", crashes: "v2", missing: "v9" },
    service: "web",
    aliveCount: async (release) => {
      // Other tests may run a release of the same name at the same time: only this folder's count.
      const [ofRelease, ours] = await Promise.all([
        processes.find("LASTGOOD_RELEASE", release),
        processes.find("LASTGOOD_STATE", stateDir),
      ]);
      return ofRelease.filter(({ pid }) => ours.some((ref) => ref.pid === pid)).length;
    },
  };
}

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.error.what);
  return result.value;
}

export async function started(bed: Bed): Promise<{ release: Release; instance: Instance }> {
  const release = value(await bed.runtime.capture("v1"));
  return { release, instance: value(await bed.runtime.start(op("start"), "web", release)) };
}

export function recordOf(bed: Bed, instance: Instance): string {
  return join(bed.stateDir, "instances", `${instance.id}.json`);
}

/** The newest instance's last lines, once there are as many. */
export async function lines(runtime: Runtime, count: number): Promise<readonly string[]> {
  let last: readonly string[] = [];
  await until(async () => {
    last = value(await runtime.instances("web"))[0]?.lastLines ?? [];
    return last.length >= count;
  });
  return last;
}
