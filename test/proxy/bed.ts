// A real proxy process with its driver, real backends, and a client, all on 127.0.0.1.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import http from "node:http";
import net, { type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Result } from "../../src/core/result.ts";
import { type ProxyTraffic, type ProxyTuning, proxyTraffic } from "../../src/drivers/traffic/proxy/proxy.ts";
import { systemClock } from "../../src/os/clock.ts";
import { localFiles } from "../../src/os/files.ts";
import { httpClient } from "../../src/os/http-client.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { Op } from "../../src/ports/op.ts";
import type { Backend, RouteState } from "../../src/ports/traffic.ts";

const proxyMain = resolve(import.meta.dirname, "../../src/proxy/main.ts");

export const deps = {
  http: httpClient(),
  files: localFiles(),
  processes: localProcesses(),
  clock: systemClock(),
  node: process.execPath,
  proxyMain,
  baseEnv: {},
};

export function value<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`${result.error.code}: ${result.error.what}`);
  return result.value;
}

export function op(id: string, epoch = 1): Op {
  return { id, epoch, signal: new AbortController().signal };
}

export type Bed = {
  readonly traffic: ProxyTraffic;
  readonly stateDir: string;
  readonly port: number;
  readonly url: string;
  /** The same proxy by a fresh driver. */
  again(): ProxyTraffic;
  /** Route there, from whatever generation it is. */
  to(backend: Backend | null, held?: boolean): Promise<RouteState>;
  pids(): Promise<number[]>;
  logLines(): Record<string, unknown>[];
  stats(): Promise<Record<string, unknown>>;
  close(): Promise<void>;
};

export function tempDir(): string {
  return mkdtempSync(join(tmpdir(), "lg-proxy-"));
}

export async function proxyBed(
  options: {
    tuning?: ProxyTuning;
    clientKey?: { header?: string; cookie?: string };
    env?: Record<string, string>;
  } = {},
): Promise<Bed> {
  const stateDir = tempDir();
  const port = await deps.processes.freePort();
  const config = {
    stateDir,
    listen: { host: "127.0.0.1", port },
    tuning: { stopGraceMs: 2_000, ...options.tuning },
    ...(options.clientKey && { clientKey: options.clientKey }),
  };
  const mine = { ...deps, baseEnv: options.env ?? {} };
  const traffic = proxyTraffic(config, mine);
  value(await traffic.ensure());
  const find = () => deps.processes.find("LASTGOOD_PROXY", stateDir);
  return {
    traffic,
    stateDir,
    port,
    url: `http://127.0.0.1:${port}`,
    again: () => proxyTraffic(config, mine),
    async to(backend, held = false) {
      const { generation, epoch } = value(await traffic.now());
      const id = randomBytes(6).toString("hex");
      return value(await traffic.change(op(id, Math.max(1, epoch)), generation, { backend, held }));
    },
    pids: async () => (await find()).map((one) => one.pid),
    logLines: () =>
      readFileSync(join(stateDir, "access-00000001.ndjson"), "utf8")
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line)),
    async stats() {
      const socketPath = join(stateDir, "control.sock");
      const answer = await deps.http.request({
        method: "GET",
        url: "http://p/stats",
        socketPath,
        timeoutMs: 5_000,
      });
      return JSON.parse(value(answer).body);
    },
    async close() {
      for (const one of await find()) deps.processes.signal(one, "SIGKILL");
      await until(async () => (await find()).length === 0);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
}

/** Waits for something that must come; the test's own time limit ends it otherwise. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

export type TestBackend = Backend & {
  readonly server: http.Server;
  /** Paths in the order of arrival. */
  readonly seen: string[];
  readonly sockets: Set<Socket>;
  close(): Promise<void>;
};

/** Answers with its name, unless a handler says otherwise. */
export async function backend(
  name: string,
  handler: http.RequestListener = (_request, response) => response.end(name),
  options: http.ServerOptions = {},
): Promise<TestBackend> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = http.createServer(options, (request, response) => {
    seen.push(request.url ?? "");
    handler(request, response);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    release: `${name}-release`,
    instance: `${name}-instance`,
    url: `http://127.0.0.1:${port}`,
    server,
    seen,
    sockets,
    async close() {
      server.closeAllConnections();
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

export type RawBackend = Backend & { connections(): number; live(): number; close(): Promise<void> };

/** No HTTP server of Node's: does what it is told with each connection. */
export async function rawBackend(onSocket: (socket: Socket) => void): Promise<RawBackend> {
  const live = new Set<Socket>();
  let connections = 0;
  const server = net.createServer((socket) => {
    connections += 1;
    live.add(socket);
    socket.once("close", () => live.delete(socket));
    socket.on("error", () => undefined);
    onSocket(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    release: "raw-release",
    instance: "raw-instance",
    url: `http://127.0.0.1:${port}`,
    connections: () => connections,
    live: () => live.size,
    async close() {
      for (const socket of live) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

/** Only what a route needs of a test backend. */
export function route({ release, instance, url }: Backend): Backend {
  return { release, instance, url };
}

export type Answer = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly trailers: NodeJS.Dict<string>;
};

export function ask(url: string, options: http.RequestOptions = {}, body?: string | Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, (response) => {
      const pieces: Buffer[] = [];
      response.on("data", (piece) => pieces.push(piece));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          rawHeaders: response.rawHeaders,
          body: Buffer.concat(pieces).toString("utf8"),
          trailers: response.trailers,
        }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}
