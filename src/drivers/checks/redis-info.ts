// What a Redis says of itself: the lines of INFO, by its own protocol or by its client inside a container.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Secret } from "../../core/secret.ts";
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

/** `name:value` each; all values as they were sent. */
export type RedisInfo = Readonly<Record<string, string>>;

const next = "lastgood logs redis";
/** Longer than doctor waits: its own deadline is what counts. */
const timeoutMs = 5_000;

export async function redisInfo(
  config: RedisConfig,
  deps: RedisDeps,
  signal: AbortSignal,
): Promise<Result<RedisInfo>> {
  const password = await deps.password();
  if (!password.ok) return password;
  const text =
    config.container === null
      ? await overTheWire(config, deps.socket, password.value)
      : await byItsClient(config, deps.host, password.value, signal);
  return text.ok ? read(text.value) : text;
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

function read(text: string): Result<RedisInfo> {
  const refused = /^-?(NOAUTH|WRONGPASS|LOADING|DENIED|ERR)\b.*/m.exec(text);
  const info = Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => (/^[a-z_0-9]+:/.test(line) ? [split(line)] : [])),
  ) as RedisInfo;
  if (info["redis_version"] !== undefined) return ok(info);
  return problem("failed", refused ? refused[0].replace(/^-/, "") : "answers, but not as Redis does", next);
}

function split(line: string): readonly [string, string] {
  const colon = line.indexOf(":");
  return [line.slice(0, colon), line.slice(colon + 1)];
}
