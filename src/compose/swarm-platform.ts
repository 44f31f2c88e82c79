// Docker Swarm wired: its engine replaces the services by itself, and its own mesh leads requests to the copies.
import { join } from "node:path";
import type { Environment } from "../config/schema.ts";
import { assert } from "../core/result.ts";
import { swarmRollout } from "../drivers/rollout/swarm.ts";
import { swarmRuntime } from "../drivers/runtime/swarm/swarm.ts";
import { answerOnSocket } from "../os/answer-on-socket.ts";
import type { Machine } from "./machine.ts";
import type { Places, Platform } from "./wiring.ts";

type Stack = Extract<NonNullable<Environment["stack"]>, { runtime: "swarm" }>;

export function swarmPlatform(stack: Stack, places: Places, machine: Machine): Platform {
  const [first, ...rest] = stack.files;
  assert(first, "the schema wants one file");
  const services = Object.entries(stack.services).map(([name, { class: kind, health = null }]) => {
    return [name, { class: kind, healthPath: health }] as const;
  });
  const config = {
    stateDir: places.runtime,
    socket: stack.socket,
    recordSocket: join(places.socketDir, "record.sock"),
    stackName: stack.stackName,
    files: [first, ...rest] as const,
    envFile: stack.envFile ?? null,
    versionVariable: stack.versionVariable,
    services: Object.fromEntries(services),
    timeoutMs: stack.timeout.ms,
  };
  const { files, http, clock, host } = machine;
  const deps = { files, http, clock, host, listen: answerOnSocket };
  return {
    runtime: swarmRuntime(config, deps),
    rollout: swarmRollout(config, deps),
    tasks: null,
    adoption: null,
  };
}
