// What is listened to for a whole environment, whichever release serves: states, values, logs, dependencies.
import type { Site } from "../app/app.ts";
import type { Environment } from "../config/schema.ts";
import { addressOf } from "../config/sections/signals.ts";
import { limits as common } from "../core/limits.ts";
import { assert, problem } from "../core/result.ts";
import { logPatternSignals } from "../drivers/signals/app-log/patterns.ts";
import { type Dependency, dependencySignals } from "../drivers/signals/dependency/dependency.ts";
import { hostSignals } from "../drivers/signals/metrics/host.ts";
import { postgresSignals, postgresSqlSignals } from "../drivers/signals/metrics/postgres.ts";
import { prometheusSignals } from "../drivers/signals/metrics/prometheus.ts";
import { redisSignals } from "../drivers/signals/metrics/redis.ts";
import { containerSignals } from "../drivers/signals/state/containers.ts";
import { eventReader } from "../drivers/signals/state/docker-events.ts";
import { unitSignals } from "../drivers/signals/state/units.ts";
import { canConnect } from "../os/connect.ts";
import { localHost } from "../os/exec.ts";
import { httpClient } from "../os/http-client.ts";
import type { Parts } from "../ports/parts.ts";
import type { Signals } from "../ports/signals.ts";
import type { SqlClient } from "../ports/sql.ts";
import type { StreamSocket } from "../ports/stream-socket.ts";
import { dockerEnv, stackLabels } from "./checks.ts";
import { socketOf } from "./engine-socket.ts";
import type { Machine } from "./machine.ts";
import { secretIn } from "./secrets.ts";

export type Listening = {
  readonly section: Environment;
  readonly site: Pick<Site, "settings">;
  readonly machine: Machine;
  /** Asked for when a log is read. */
  readonly parts: () => Parts;
  /** The environment's own PostgreSQL, where it has one: asked where the checks name none. */
  readonly sql: SqlClient | null;
  /** Folders of ours, whose disks are looked at beside those that the config names. */
  readonly disks: readonly string[];
};

/** A death is a matter of seconds; the engine and systemd answer this in milliseconds. */
const stateMs = 2_000;
const fatal = "\\b(FATAL|PANIC|Unhandled|Uncaught|OutOfMemory)";

/** Made once an environment: each remembers what it asked last. */
export function environmentSignals(listening: Listening): readonly Signals[] {
  return [...statesOf(listening), ...valuesOf(listening), ...logsOf(listening), ...dependenciesOf(listening)];
}

function statesOf({ section, site, machine }: Listening): readonly Signals[] {
  const { clock, http } = machine;
  const host = hostOf(section, machine);
  const labels = stackLabels(section, site);
  const docker = section.stack?.runtime === "compose" ? section.stack.docker : {};
  const target = {
    host: docker.host ?? null,
    context: docker.context ?? null,
    configDir: docker.configDir ?? null,
  };
  let socket: Promise<string | null> | undefined;
  const engine = eventReader({
    host,
    http,
    nowMs: () => clock.now(),
    socketOf: () => {
      socket ??= socketOf(target, machine);
      return socket;
    },
  });
  const { units, others } = unitsOf(section);
  const isQuiet = units.length + others.length === 0;
  return [
    ...(labels === null ? [] : [containerSignals({ labels, intervalMs: stateMs }, { engine, host, clock })]),
    ...(isQuiet ? [] : [unitSignals({ units, others, intervalMs: stateMs }, { host, clock })]),
  ];
}

function unitsOf({ stack, checks }: Environment) {
  const own = stack?.runtime === "systemd" ? Object.values(stack.services) : [];
  const released: readonly string[] = own.flatMap(({ unit, ports }) =>
    unit.includes("@.") ? Object.keys(ports).map((one) => unit.replace("@.", `@${one}.`)) : [unit],
  );
  return { units: released, others: checks.units.filter((unit) => !released.includes(unit)) };
}

function valuesOf({ section, machine, disks, sql }: Listening): readonly Signals[] {
  const { every, limits, prometheus } = section.signals;
  const { clock, http } = machine;
  const host = hostOf(section, machine);
  const { postgres, redis } = section.checks;
  const socket = machine.host.name === "local" ? machine.sockets : elsewhere;
  const deps = { host, clock };
  const password = (file: string | undefined) => () => secretIn(file, machine.here.files);
  const intervalMs = every.ms;
  const hostLimits = {
    cpuPressure: limits.cpuPressure.fraction,
    memoryAvailable: limits.memoryAvailable.fraction,
    diskFree: limits.diskFree.fraction,
    openFiles: limits.openFiles.fraction,
  };
  const postgresLimits = {
    connections: limits.connections.fraction,
    lockWaits: limits.lockWaits,
    slowAfterS: limits.slowAfter.ms / 1_000,
    slowQueries: limits.slowQueries,
    deadlocks: limits.deadlocks,
  };
  const redisLimits = {
    memory: limits.redisMemory.fraction,
    clients: limits.redisClients.fraction,
    evictions: limits.redisEvictions ?? null,
    blocked: limits.redisBlocked ?? null,
  };
  return [
    hostSignals({ intervalMs, disks: [...disks, ...section.checks.disks], limits: hostLimits }, deps),
    ...(postgres
      ? [
          postgresSignals(
            { ...postgres, container: postgres.container ?? null, intervalMs, limits: postgresLimits },
            { ...deps, password: password(postgres.passwordFile) },
          ),
        ]
      : sql
        ? [postgresSqlSignals({ intervalMs, limits: postgresLimits }, { sql, clock })]
        : []),
    ...(redis
      ? [
          redisSignals(
            { ...redis, container: redis.container ?? null, intervalMs, limits: redisLimits },
            { ...deps, socket, password: password(redis.passwordFile) },
          ),
        ]
      : []),
    ...(prometheus
      ? [
          prometheusSignals(
            {
              url: prometheus.url,
              intervalMs,
              queries: prometheus.queries.map(queryOf),
              token: password(prometheus.tokenFile),
            },
            { http, clock },
          ),
        ]
      : []),
  ];
}

const elsewhere: StreamSocket = {
  ask: async () =>
    problem(
      "unreachable",
      "a Redis on another machine is asked inside its container",
      "Write checks: redis: container:.",
    ),
};

type Query = NonNullable<Environment["signals"]["prometheus"]>["queries"][number];

function queryOf({ name, query, above, below }: Query) {
  if (above !== undefined) return { name, query, limit: { above } };
  assert(below !== undefined, `${name} has a limit: the config was checked`);
  return { name, query, limit: { below } };
}

/** All patterns of one part share its pages. */
function logsOf({ section, machine, parts }: Listening): readonly Signals[] {
  const { logs, every } = section.signals;
  const deps = { parts: parts(), clock: machine.clock };
  return [...new Set(logs.map(({ part }) => part))].map((part) => {
    const patterns = logs
      .filter((log) => log.part === part)
      .map(({ name, match }) => ({ name, match: new RegExp(match ?? fatal) }));
    return logPatternSignals({ part, patterns, intervalMs: every.ms }, deps);
  });
}

function dependenciesOf({ section, machine }: Listening): readonly Signals[] {
  const { clock } = machine;
  // From here, whatever machine the app is on: what is to be known is whether the other side is up.
  const http = httpClient();
  return section.signals.dependencies.map(({ name, url, address, expect, every }) => {
    const config: Omit<Dependency, "at"> = {
      name,
      expect,
      intervalMs: every.ms,
      timeoutMs: common.probeTimeoutMs,
    };
    const stream = address === undefined ? null : addressOf(address);
    const at = stream ?? { url: url ?? "" };
    return dependencySignals({ ...config, at }, { http, clock, connect: canConnect });
  });
}

/** The machine that the environment runs on, with the docker client of the config where that is this one. */
function hostOf(section: Environment, { host, baseEnv, clock }: Machine) {
  return host.name === "local" ? localHost({ ...baseEnv, ...dockerEnv(section) }, clock) : host;
}
