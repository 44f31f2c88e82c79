// A private Redis on a loopback port and a socket.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../scripts/parts/run.ts";
import { isListening } from "../../src/os/ssh-client.ts";
import { afterTest, bedFolder, type Daemon, freePort, type Later, listens, startDaemon } from "./bed.ts";

export type RedisBed = Daemon & {
  readonly folder: string;
  readonly port: number;
  readonly socket: string;
  /** `redis-cli` with these arguments; its standard output without the last line end. */
  readonly cli: (...args: readonly string[]) => Promise<string>;
};

export type RedisWish = {
  readonly password?: string;
  /** Further lines of its configuration: `appendonly yes`. Nothing is kept on disk without them. */
  readonly lines?: readonly string[];
};

export async function redisBed(
  { password, lines = [] }: RedisWish = {},
  later: Later = afterTest,
): Promise<RedisBed> {
  const folder = await bedFolder("redis", later);
  const port = await freePort();
  const socket = join(folder, "redis.sock");
  const own = [`dir ${folder}`, "bind 127.0.0.1", `port ${port}`, `unixsocket ${socket}`, 'save ""'];
  const secret = password === undefined ? [] : [`requirepass ${password}`];
  await writeFile(join(folder, "redis.conf"), [...own, ...secret, ...lines, ""].join("\n"), { mode: 0o600 });
  // The socket comes after the port.
  const ready = async () => (await listens(port)) && (await isListening(socket));
  const daemon = await startDaemon(
    { argv: ["redis-server", join(folder, "redis.conf")], folder, ready },
    later,
  );
  const login = password === undefined ? {} : { REDISCLI_AUTH: password };
  const cli = async (...args: readonly string[]) => {
    const env = { PATH: process.env["PATH"] ?? "", ...login };
    return (await run(["redis-cli", "-s", socket, ...args], { env })).replace(/\n$/, "");
  };
  return { ...daemon, folder, port, socket, cli };
}
