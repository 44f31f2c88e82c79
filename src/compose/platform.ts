// What runs the app: the drivers of the runtime that the environment names.
import { join } from "node:path";
import type { Environment } from "../config/schema.ts";
import { assert } from "../core/result.ts";
import { processRuntime } from "../drivers/runtime/process/process.ts";
import { systemdRuntime } from "../drivers/runtime/systemd/systemd.ts";
import { processTrials } from "../drivers/trials/process.ts";
import type { Runtime } from "../ports/runtime.ts";
import type { Trials } from "../ports/trials.ts";
import { composeStack } from "./compose-stack.ts";
import { edgesOf } from "./edges.ts";
import type { Machine } from "./machine.ts";
import { swarmPlatform } from "./swarm-platform.ts";
import type { Edges, Places, Platform, Wiring } from "./wiring.ts";

type Wired = { readonly platform: Platform; readonly edges: Edges };
type Stack<R extends string> = Extract<NonNullable<Environment["stack"]>, { runtime: R }>;

export function platformOf(section: Environment, wiring: Wiring): Wired {
  const { places, machine } = wiring;
  const { services, stack, traffic } = section;
  const edges = edgesOf(wiring.env, section, places, machine);
  const only = (runtime: Runtime, trials: Trials | null = null): Wired => ({
    platform: { runtime, rollout: null, tasks: null, trials, adoption: null },
    edges,
  });
  if (services) return only(processes(services, places, machine), trialsOf(places, machine));
  assert(stack, `nothing says what runs ${wiring.env}`);
  switch (stack.runtime) {
    case "systemd":
      return only(units(stack, places, machine));
    case "compose": {
      const isOurs = traffic === undefined || traffic.kind === "edge";
      const wired = composeStack(stack, traffic?.kind === "edge" ? traffic : null, wiring);
      // Nothing is taken over where something else of the user's choice stands in front.
      return isOurs ? wired : { platform: { ...wired.platform, adoption: null }, edges };
    }
    case "swarm":
      return { platform: swarmPlatform(stack, places, machine), edges };
  }
}

function trialsOf(places: Places, machine: Machine): Trials {
  const { callers, environment } = machine.processes;
  return processTrials(places.runtime, { ...processDeps(machine), environment, callers });
}

function processes(
  services: NonNullable<Environment["services"]>,
  places: Places,
  machine: Machine,
): Runtime {
  const specs = Object.entries(services).map(([name, service]) => {
    const { source, command, env } = service;
    return [name, { source, command, env, ...common(service) }] as const;
  });
  return processRuntime(
    { stateDir: places.runtime, services: Object.fromEntries(specs) },
    { ...processDeps(machine), environment: machine.processes.environment },
  );
}

function processDeps({ files, clock, baseEnv, node, digestTree, processes: all }: Machine) {
  return { files, clock, digestTree, baseEnv, node, processes: all };
}

function units(stack: Stack<"systemd">, places: Places, machine: Machine): Runtime {
  const specs = Object.entries(stack.services).map(([name, service]) => {
    const { source, unit, ports, link = null } = service;
    return [name, { source, unit, ports, link, ...common(service) }] as const;
  });
  const { unitDir, address, store = join(places.runtime, "units") } = stack;
  const { files, clock, host, digestTree } = machine;
  return systemdRuntime(
    { stateDir: store, unitDir, address, services: Object.fromEntries(specs) },
    { host, files, clock, digestTree },
  );
}

/** What is asked of every service in the same words. */
function common(service: {
  readonly envFile?: string | undefined;
  readonly health: { path: string; timeout: { ms: number }; interval: { ms: number } };
  readonly stopGrace: { ms: number };
}) {
  const { path, timeout, interval } = service.health;
  return {
    envFile: service.envFile ?? null,
    health: { path, timeoutMs: timeout.ms, intervalMs: interval.ms },
    stopGraceMs: service.stopGrace.ms,
  };
}
