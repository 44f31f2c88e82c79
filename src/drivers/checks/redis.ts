// Redis: does it answer, how full is it, and does it still get its data onto the disk.
import { bad, type Look, size, warn, well } from "../../core/doctor/look.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Secret } from "../../core/secret.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Host } from "../../ports/host.ts";
import type { StreamSocket } from "../../ports/stream-socket.ts";
import { askText, inside } from "./ask.ts";

export type RedisConfig = {
  readonly host: string;
  readonly port: number;
  /** Ask inside this container instead, with its own redis-cli: for one that is not published. */
  readonly container: string | null;
};

export type RedisDeps = {
  readonly host: Host;
  readonly socket: StreamSocket;
  readonly password: () => Promise<Result<Secret | null>>;
};

const next = "lastgood logs redis";
const nearlyFull = 0.95;
/** Longer than doctor waits: its own deadline is what counts. */
const timeoutMs = 5_000;

export function redis(config: RedisConfig, deps: RedisDeps): Check {
  const about = config.container ?? `${config.host}:${config.port}`;
  return {
    name: "redis",
    about,
    next,
    async look(signal) {
      const password = await deps.password();
      if (!password.ok) return password;
      const text =
        config.container === null
          ? await overTheWire(config, deps.socket, password.value)
          : await byItsClient(config, deps.host, password.value, signal);
      return text.ok ? lookAt(about, text.value) : text;
    },
  };
}

async function byItsClient(
  { container, port }: RedisConfig,
  host: Host,
  password: Secret | null,
  signal: AbortSignal,
): Promise<Result<string>> {
  const env: Record<string, string> = password ? { REDISCLI_AUTH: password.reveal() } : {};
  const argv = inside(container, ["redis-cli", "-p", String(port), "info"], Object.keys(env));
  return askText(host, argv, signal, env);
}

/** Its protocol: a list of length-prefixed strings asks, an inline word is enough where nothing is odd in it. */
function overTheWire(
  { host, port }: RedisConfig,
  socket: StreamSocket,
  password: Secret | null,
): Promise<Result<string>> {
  const login = password ? command(["AUTH", password.reveal()]) : "";
  return socket.ask({ host, port }, `${login}${command(["INFO"])}${command(["QUIT"])}`, timeoutMs);
}

function command(words: readonly string[]): string {
  const each = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  return `*${words.length}\r\n${each.join("")}`;
}

function lookAt(about: string, text: string): Result<readonly Look[]> {
  const refused = /^-?(NOAUTH|WRONGPASS|LOADING|DENIED|ERR)\b.*/m.exec(text);
  const info = Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => (/^[a-z_0-9]+:/.test(line) ? [split(line)] : [])),
  ) as Readonly<Record<string, string>>;
  if (info["redis_version"] === undefined) {
    const what = refused ? refused[0].replace(/^-/, "") : "answers, but not as Redis does";
    return problem("failed", what, next);
  }
  const used = Number(info["used_memory"] ?? 0);
  const most = Number(info["maxmemory"] ?? 0);
  const data = {
    version: info["redis_version"],
    role: info["role"] ?? null,
    clients: Number(info["connected_clients"] ?? 0),
    usedBytes: used,
    maxBytes: most,
    upS: Number(info["uptime_in_seconds"] ?? 0),
  };
  const what = `${data.clients} clients, ${size(used)}${most > 0 ? ` of ${size(most)}` : ""}`;
  if (info["loading"] === "1") return ok([bad(about, "still reads its data from the disk", next, data)]);
  if (info["aof_last_write_status"] === "err" || info["rdb_last_bgsave_status"] === "err")
    return ok([bad(about, "cannot save its data to the disk", "df -h", data)]);
  if (info["master_link_status"] === "down") return ok([bad(about, "has lost its primary", next, data)]);
  if (most > 0 && used > nearlyFull * most) return ok([warn(about, `${what}: nearly full`, next, data)]);
  return ok([well(about, what, data)]);
}

function split(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1)];
}
