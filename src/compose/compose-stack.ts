// A Docker Compose stack wired: its runtime, its tasks, its edges, and how it is taken over.
import { dirname } from "node:path";
import type { Environment } from "../config/schema.ts";
import { assert } from "../core/result.ts";
import { dockerCli } from "../drivers/docker/cli.ts";
import type { StackFiles } from "../drivers/docker/stack-files.ts";
import { composeRuntime } from "../drivers/runtime/compose/compose.ts";
import { composeTasks } from "../drivers/tasks/compose.ts";
import { composeTrials } from "../drivers/trials/compose.ts";
import { adoptionOf } from "./compose-adoption.ts";
import { type EdgeSection, stackEdges } from "./compose-edges.ts";
import { looksOf } from "./engine-socket.ts";
import type { Edges, Platform, Wiring } from "./wiring.ts";

type Stack = Extract<NonNullable<Environment["stack"]>, { runtime: "compose" }>;

/** `traffic` null: nothing was said of the edges. */
export function composeStack(
  stack: Stack,
  traffic: EdgeSection | null,
  wiring: Wiring,
): { platform: Platform; edges: Edges } {
  const { config, env, places, machine } = wiring;
  const { host } = machine;
  const target = {
    host: stack.docker.host ?? null,
    context: stack.docker.context ?? null,
    configDir: stack.docker.configDir ?? null,
  };
  const files = stackFilesOf(stack);
  const runtimeConfig = {
    app: config.app,
    env,
    stateDir: places.runtime,
    stack: files,
    docker: target,
    pull: stack.pull,
    services: Object.fromEntries(Object.entries(stack.services).map(([name, one]) => [name, serviceOf(one)])),
  };
  const looks = looksOf(target, machine);
  const deps = { host, files: machine.files, clock: machine.clock, looks };
  const runtime = composeRuntime(runtimeConfig, deps);
  const docker = dockerCli(host, target, looks);
  const edges = stackEdges({ ...wiring, traffic }, docker);
  const adoption = adoptionOf({ wiring, runtime, files, docker, edges });
  return {
    platform: {
      ...{ runtime, rollout: null, adoption },
      tasks: composeTasks(runtimeConfig, deps),
      trials: composeTrials(runtimeConfig, deps),
    },
    edges,
  };
}

function stackFilesOf(stack: Stack): StackFiles {
  const [first, ...rest] = stack.files;
  assert(first, "the schema wants one file");
  return {
    folder: dirname(first),
    files: [first, ...rest],
    envFiles: stack.envFiles,
    profiles: stack.profiles,
    project: stack.project ?? null,
    versionVariable: stack.versionVariable ?? null,
    blank: stack.blank,
  };
}

function serviceOf({ class: kind, port, health, double }: Stack["services"][string]) {
  return {
    class: kind ?? null,
    port: port ?? null,
    health: health
      ? { path: health.path, timeoutMs: health.timeout.ms, intervalMs: health.interval.ms }
      : null,
    double,
  };
}
