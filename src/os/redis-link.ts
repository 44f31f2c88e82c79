// Connections to Redis: questions and answers, and the stream that a replica gets, written to a file.
import { once } from "node:events";
import { open, rm } from "node:fs/promises";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { ok, problem, type Result } from "../core/result.ts";
import type { RedisAt, RedisCommand, RedisDial, RedisLink, RedisReply } from "../ports/redis-link.ts";
import { errorCode } from "./file-problem.ts";
import { encode, readReply } from "./redis-resp.ts";
import { readSync } from "./redis-sync.ts";

const CONNECT_MS = 5_000;
/** Without a byte: of a server that is alive, and not in the middle of one long command. */
const SILENCE_MS = 60_000;

export function redisDial(): RedisDial {
  return { connect: connectTo, fetch };
}

async function connectTo(at: RedisAt): Promise<Result<RedisLink>> {
  const socket = await socketTo(at);
  if (!socket.ok) return socket;
  const link = linkOver(socket.value, aboutOf(at));
  const hello = await link.ask([...login(at), ["CLIENT", "SETNAME", "lastgood"], ["PING"]]);
  const refused = hello.ok ? refusalIn(hello.value) : null;
  if (hello.ok && refused === null) return ok(link);
  link.close();
  if (!hello.ok) return hello;
  if (refused?.startsWith("LOADING"))
    return problem(
      "busy",
      `Redis at ${aboutOf(at)} still loads its data`,
      "wait until it is done",
      aboutOf(at),
    );
  const next = "look at the user and the password in the url, and at the server's ACL";
  return problem("failed", `Redis at ${aboutOf(at)} says: ${refused}`, next, aboutOf(at));
}

function login({ user, password }: RedisAt): readonly RedisCommand[] {
  if (password === null) return [];
  return [["AUTH", ...(user === null ? [] : [user]), password.reveal()]];
}

function refusalIn(replies: readonly RedisReply[]): string | null {
  for (const reply of replies)
    if (reply !== null && typeof reply === "object" && "refused" in reply) return reply.refused;
  return null;
}

function aboutOf({ address }: RedisAt): string {
  return "path" in address ? address.path : `${address.host}:${address.port}`;
}

async function socketTo(at: RedisAt): Promise<Result<Socket>> {
  const { address } = at;
  const socket = openSocket(address);
  const late = setTimeout(
    () => socket.destroy(Object.assign(new Error("late"), { code: "ETIMEDOUT" })),
    CONNECT_MS,
  );
  try {
    await once(socket, "host" in address && address.tls !== null ? "secureConnect" : "connect");
    socket.setTimeout(SILENCE_MS);
    return ok(socket);
  } catch (error) {
    return unreachable(aboutOf(at), error);
  } finally {
    clearTimeout(late);
  }
}

function openSocket(address: RedisAt["address"]): Socket {
  if ("path" in address) return connect({ path: address.path });
  const { host, port, tls } = address;
  if (tls === null) return connect({ host, port });
  // An address is no server name; the certificate is compared with it all the same.
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...name, ...(tls.ca === null ? {} : { ca: tls.ca }) });
}

function unreachable(where: string, error: unknown): Result<never> {
  const code = errorCode(error);
  if (code === null) throw error;
  const why =
    code === "ECONNREFUSED" || code === "ENOENT" ? "nobody listens there" : `it failed with ${code}`;
  const next = "check that it runs, and the url";
  return problem("unreachable", `Redis at ${where} cannot be asked: ${why}`, next, where);
}

type Asked = {
  readonly replies: RedisReply[];
  readonly count: number;
  done(result: Result<never> | null): void;
};

function linkOver(socket: Socket, where: string): RedisLink {
  const waiting: Asked[] = [];
  let pieces: Buffer[] = [];
  let bytes = 0;
  /** A long value comes in many pieces: they are put together once. */
  let needed = 0;
  let lost: Result<never> | null = null;
  const end = (why: string) => {
    lost ??= problem(
      "unreachable",
      `the connection to Redis at ${where} was lost: ${why}`,
      "run again",
      where,
    );
    for (const one of waiting.splice(0)) one.done(lost);
    socket.destroy();
  };
  socket.on("data", (chunk: Buffer) => {
    pieces.push(chunk);
    bytes += chunk.length;
    if (bytes < needed) return;
    try {
      const left = deliver(Buffer.concat(pieces), waiting);
      pieces = left.rest.length === 0 ? [] : [left.rest];
      bytes = left.rest.length;
      needed = left.needed;
      // Whoever waits for nothing is not told that it is silent.
      if (waiting.length === 0) socket.setTimeout(0);
    } catch (error) {
      end(error instanceof Error ? error.message : "it said something else");
    }
  });
  socket.on("error", (error) => end(errorCode(error) ?? error.message));
  socket.on("close", () => end("it was closed"));
  socket.on("timeout", () => end(`it was silent for ${SILENCE_MS / 1_000} seconds`));
  return {
    ask(commands) {
      return new Promise((resolve) => {
        if (lost) return resolve(lost);
        if (commands.length === 0) return resolve(ok([]));
        const replies: RedisReply[] = [];
        waiting.push({ replies, count: commands.length, done: (result) => resolve(result ?? ok(replies)) });
        socket.setTimeout(SILENCE_MS);
        socket.write(encode(commands));
      });
    },
    close: () => end("it was closed here"),
  };
}

/** Gives what is whole to whoever waits, and returns the rest, and how long it must be at least. CHANGES `waiting`. */
function deliver(bytes: Buffer, waiting: Asked[]): { readonly rest: Buffer; readonly needed: number } {
  let at = 0;
  while (at < bytes.length) {
    const read = readReply(bytes, at);
    if (typeof read === "number") return { rest: bytes.subarray(at), needed: read - at };
    at = read.end;
    const [first] = waiting;
    if (first === undefined) throw new Error("it answered what nobody asked");
    first.replies.push(read.reply);
    if (first.replies.length === first.count) waiting.shift()?.done(null);
  }
  return { rest: Buffer.alloc(0), needed: 0 };
}

async function fetch(
  at: RedisAt,
  path: string,
  signal: AbortSignal,
): Promise<Result<{ readonly bytes: number }>> {
  if (signal.aborted) return cancelled();
  const socket = await socketTo(at);
  if (!socket.ok) return socket;
  const stop = () => socket.value.destroy();
  socket.value.on("timeout", () => socket.value.destroy(new Error("it was silent for too long")));
  signal.addEventListener("abort", stop, { once: true });
  try {
    return ok({ bytes: await writeSync(at, socket.value, path) });
  } catch (error) {
    await rm(path, { force: true });
    return signal.aborted ? cancelled() : failedSync(aboutOf(at), error);
  } finally {
    signal.removeEventListener("abort", stop);
    socket.value.destroy();
  }
}

async function writeSync(at: RedisAt, socket: Socket, path: string): Promise<number> {
  await using file = await open(path, "wx", 0o600);
  const wishes = [...login(at), ["REPLCONF", "capa", "eof"], ["REPLCONF", "rdb-only", "1"]];
  socket.write(encode(wishes));
  const begin = () => socket.write(encode([["SYNC"]]));
  const bytes = await readSync(socket, wishes.length, begin, (chunk) => file.writeFile(chunk));
  await file.sync();
  return bytes;
}

function cancelled(): Result<never> {
  return problem("cancelled", "called off while the snapshot was fetched", "run again if it is still wanted");
}

function failedSync(where: string, error: unknown): Result<never> {
  const code = errorCode(error);
  if (code === "ENOSPC")
    return problem("no-space", "there is no space left for the snapshot", "make room, then run again");
  const said = error instanceof Error ? error.message : String(error);
  const next = /NOPERM|unknown command/i.test(said)
    ? "allow its user SYNC and REPLCONF (ACL SETUSER … +sync +replconf); a managed Redis has its own snapshots"
    : "look at the server's log, then run again";
  return problem("failed", `Redis at ${where} gave no snapshot: ${said}`, next, where);
}
