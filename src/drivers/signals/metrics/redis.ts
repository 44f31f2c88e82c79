// Values of a Redis: memory, clients, evictions, who is blocked, and whether it can save.
import { ok } from "../../../core/result.ts";
import type { Limit } from "../../../core/signals/event.ts";
import type { Clock } from "../../../ports/clock.ts";
import type { Signals } from "../../../ports/signals.ts";
import { type RedisConfig, type RedisDeps, type RedisInfo, redisInfo } from "../../checks/redis-info.ts";
import { type Measured, metricsSignals } from "./metrics.ts";
import { perMinute } from "./rate.ts";

export type RedisLimits = {
  /** Share of `maxmemory`, where nothing is evicted. */
  readonly memory: number;
  /** Share of the clients that it allows. */
  readonly clients: number;
  /** Keys evicted a minute; null: a cache evicts, and that is well. */
  readonly evictions: number | null;
  /** Clients that wait in a blocking command; null: workers wait for work that way. */
  readonly blocked: number | null;
};

export type RedisMetrics = RedisConfig & { readonly intervalMs: number; readonly limits: RedisLimits };

export function redisSignals(
  config: RedisMetrics,
  { clock, ...deps }: RedisDeps & { readonly clock: Clock },
): Signals {
  const evictedAMinute = perMinute();
  return metricsSignals(
    {
      name: "metrics:redis",
      dependency: "redis",
      intervalMs: config.intervalMs,
      async measure() {
        const info = await redisInfo(config, deps, new AbortController().signal);
        if (!info.ok) return info;
        const evicted = evictedAMinute(Number(info.value["evicted_keys"] ?? 0), clock.elapsed());
        return ok({ values: valuesOf(info.value, evicted, config.limits), missing: [] });
      },
    },
    clock,
  );
}

function valuesOf(info: RedisInfo, evicted: number | null, limits: RedisLimits): readonly Measured[] {
  const number = (name: string) => Number(info[name] ?? 0);
  const above = (most: number | null): Limit | null => (most === null ? null : { above: most });
  const value = (subject: string, value: number, unit: string, limit: Limit | null): Measured => ({
    subject: `redis ${subject}`,
    value,
    unit,
    limit,
  });
  const failed = [info["aof_last_write_status"], info["rdb_last_bgsave_status"]].filter(
    (status) => status === "err",
  );
  const clients = number("connected_clients") / Math.max(1, number("maxclients"));
  return [
    memoryOf(info, limits.memory),
    ...(number("maxclients") > 0 ? [value("clients", clients, "share", { above: limits.clients })] : []),
    ...(evicted === null ? [] : [value("evictions a minute", evicted, "", above(limits.evictions))]),
    value("blocked clients", number("blocked_clients"), "", above(limits.blocked)),
    value("failed saves", failed.length, "", { above: 0 }),
  ];
}

/** A cache is meant to be full; only where nothing is evicted does a full memory refuse writes. */
function memoryOf(info: RedisInfo, share: number): Measured {
  const used = Number(info["used_memory"] ?? 0);
  const most = Number(info["maxmemory"] ?? 0);
  const subject = "redis memory";
  if (most === 0) return { subject, value: used, unit: "bytes", limit: null };
  const limit = info["maxmemory_policy"] === "noeviction" ? { above: share } : null;
  return { subject, value: used / most, unit: "share", limit };
}
