// One environment wired to its drivers: the only place that knows which driver belongs to which section.
import { fileURLToPath } from "node:url";
import type { Site } from "../app/app.ts";
import type { Config, Environment } from "../config/schema.ts";
import { limits } from "../core/limits.ts";
import { assert } from "../core/result.ts";
import { sqliteDatabase } from "../drivers/database/sqlite.ts";
import { processRuntime } from "../drivers/runtime/process.ts";
import { accessSignals } from "../drivers/signals/access.ts";
import { probeSignals } from "../drivers/signals/probe.ts";
import { proxyTraffic } from "../drivers/traffic/proxy.ts";
import { digestTree } from "../os/digest.ts";
import type { World } from "../ports/world.ts";
import type { Machine } from "./machine.ts";
import { notifiersOf } from "./notifiers.ts";
import type { StatePaths } from "./paths.ts";
import { settingsOf } from "./settings.ts";

export function siteOf(config: Config, env: string, paths: StatePaths, machine: Machine): Site {
  const section = config.environments[env];
  assert(section, `no environment ${env}`);
  const settings = settingsOf(config, env);
  const traffic = trafficOf(section, paths.env(env), machine);
  const world: World = {
    runtime: runtimeOf(section, paths.env(env), machine),
    traffic,
    database: databaseOf(section, paths.env(env), machine),
    flags: null,
    http: machine.http,
    children: machine.children,
    clock: machine.clock,
  };
  const access = accessSignals(
    { proxyStateDir: paths.env(env).edge },
    { files: machine.files, http: machine.http, clock: machine.clock },
  );
  const health = Object.values(section.services)[0]?.health.path ?? "/";
  return {
    settings,
    world,
    signals: (release) => {
      const url = urlOf(world, settings.service, release);
      const probe = {
        release,
        url,
        path: health,
        intervalMs: settings.watch.checkMs,
        timeoutMs: limits.probeTimeoutMs,
      };
      return [access, probeSignals(probe, { http: machine.http, clock: machine.clock })];
    },
    ensure: () => traffic.ensure(),
    end: (op) => traffic.shutDown(op),
    notifiers: notifiersOf(section, machine),
  };
}

type Places = ReturnType<StatePaths["env"]>;

function trafficOf({ traffic }: Environment, places: Places, machine: Machine) {
  const { files, processes, clock, http, node, baseEnv } = machine;
  const { header, cookie } = traffic.client;
  const clientKey = {
    ...(header === undefined ? {} : { header }),
    ...(cookie === undefined ? {} : { cookie }),
  };
  const config = {
    stateDir: places.edge,
    listen: traffic.listen,
    clientKey,
    socketDir: places.socketDir,
    tuning: { holdMs: traffic.hold.ms, stopGraceMs: traffic.drain.ms },
  };
  return proxyTraffic(config, {
    files,
    processes,
    clock,
    http,
    node,
    baseEnv,
    proxyMain: beside("../proxy/main"),
  });
}

function runtimeOf({ services }: Environment, places: Places, machine: Machine) {
  const specs = Object.entries(services).map(([name, service]) => {
    const { path, timeout, interval } = service.health;
    return [
      name,
      {
        source: service.source,
        command: service.command,
        env: service.env,
        envFile: service.envFile ?? null,
        health: { path, timeoutMs: timeout.ms, intervalMs: interval.ms },
        stopGraceMs: service.stopGrace.ms,
      },
    ] as const;
  });
  const { files, processes, clock, baseEnv, node } = machine;
  const environment = processes.environment;
  const deps = { files, processes, clock, digestTree, environment, baseEnv, node };
  return processRuntime({ stateDir: places.runtime, services: Object.fromEntries(specs) }, deps);
}

function databaseOf({ database }: Environment, places: Places, { files, clock, openedBy, swap }: Machine) {
  if (!database) return null;
  return sqliteDatabase(
    { file: database.file, backupDir: places.backups, keep: database.keepBackups },
    { files, clock, openedBy, swap },
  );
}

/**
 * Probes ask the instance itself: the edge may be what is broken. A look that fails says nothing about the
 * instance, so the address that is known is asked on.
 */
function urlOf(world: World, service: string, release: string): () => Promise<string | null> {
  let known: string | null = null;
  return async () => {
    const all = await world.runtime.instances(service);
    if (all.ok)
      known = all.value.find((one) => one.release === release && one.state === "running")?.url ?? null;
    return known;
  };
}

/** A file of ours, in source form when we run from source and compiled when we are installed. */
function beside(path: string): string {
  const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
  return fileURLToPath(new URL(path + extension, import.meta.url));
}
