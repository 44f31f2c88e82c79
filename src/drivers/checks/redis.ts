// Redis: does it answer, how full is it, and does it still get its data onto the disk.
import { bad, type Look, size, warn, well } from "../../core/doctor/look.ts";
import { ok } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import { type RedisConfig, type RedisDeps, type RedisInfo, redisInfo } from "./redis-info.ts";

const next = "lastgood logs redis";
const nearlyFull = 0.95;

export function redis(config: RedisConfig, deps: RedisDeps): Check {
  const about = config.container ?? `${config.host}:${config.port}`;
  return {
    name: "redis",
    about,
    next,
    async look(signal) {
      const info = await redisInfo(config, deps, signal);
      return info.ok ? ok([lookAt(about, info.value)]) : info;
    },
  };
}

function lookAt(about: string, info: RedisInfo): Look {
  const used = Number(info["used_memory"] ?? 0);
  const most = Number(info["maxmemory"] ?? 0);
  const data = {
    version: info["redis_version"] ?? null,
    role: info["role"] ?? null,
    clients: Number(info["connected_clients"] ?? 0),
    usedBytes: used,
    maxBytes: most,
    upS: Number(info["uptime_in_seconds"] ?? 0),
  };
  const what = `${data.clients} clients, ${size(used)}${most > 0 ? ` of ${size(most)}` : ""}`;
  if (info["loading"] === "1") return bad(about, "still reads its data from the disk", next, data);
  if (info["aof_last_write_status"] === "err" || info["rdb_last_bgsave_status"] === "err")
    return bad(about, "cannot save its data to the disk", "df -h", data);
  if (info["master_link_status"] === "down") return bad(about, "has lost its primary", next, data);
  if (most > 0 && used > nearlyFull * most) return warn(about, `${what}: nearly full`, next, data);
  return well(about, what, data);
}
