// Upgrade requests (websockets): two raw sockets tied together, counted as in flight until they close.
import { type ClientRequest, type IncomingMessage, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Edge } from "./edge.ts";
import { answerHeaders, releaseHeader } from "./head.ts";
import type { Backend } from "./route.ts";
import {
  type EdgeWhy,
  edgeAnswers,
  guarded,
  logVisit,
  retryAfterS,
  takeRoute,
  type Visit,
  visit,
  whyOf,
} from "./visit.ts";

/** What a client may send before the app agreed; more waits in its socket. */
const earlyBytes = 64 * 1024;
const keepAliveProbeMs = 60_000;

export type Tunnels = {
  serve(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  count(): number;
  /** Cut all of them. */
  cutAll(): void;
};

type Tunnel = {
  readonly edge: Edge;
  readonly visit: Visit;
  readonly request: IncomingMessage;
  readonly client: Duplex;
  idle: NodeJS.Timeout | undefined;
  readonly early: Buffer[];
  leave: () => void;
  drop: () => void;
  logged: boolean;
};

const nothing = (): void => undefined;

/** Does this request get a tunnel? h2c is refused: it would carry requests past the edge unseen. */
export function wantsTunnel(request: IncomingMessage): boolean {
  const { upgrade, "content-length": length, "transfer-encoding": coding } = request.headers;
  if (upgrade === undefined || /(^|,)\s*h2c?\s*(,|$)/i.test(upgrade)) return false;
  return coding === undefined && (length === undefined || Number(length) === 0);
}

export function tunnels(edge: Edge): Tunnels {
  const open = new Set<Duplex>();
  return {
    serve(request, client, head) {
      open.add(client);
      client.once("close", () => open.delete(client));
      start(edge, request, client, head);
    },
    count: () => open.size,
    cutAll() {
      for (const client of open) client.destroy();
    },
  };
}

function start(edge: Edge, request: IncomingMessage, client: Duplex, head: Buffer): void {
  const t: Tunnel = {
    edge,
    visit: visit(edge, request),
    request,
    client,
    idle: undefined,
    early: [head],
    leave: nothing,
    drop: nothing,
    logged: false,
  };
  calm(client);
  client.on("error", nothing);
  client.on("data", onEarly);
  client.once("end", onEnd);
  client.once("close", () => {
    t.leave();
    t.drop();
    log(t, 499, true);
  });
  if (t.visit.head.fault) refuse(t, "bad-request");
  else
    t.leave = edge.gate.enter({
      go: (started) =>
        guarded(
          edge,
          () => bail(t, started),
          () => go(t, started, stopEarly),
        ),
      refuse: (why) => refuse(t, why),
    });

  // Reading is the only way to notice that a waiting client went away, so its early bytes are kept here.
  function onEarly(piece: Buffer): void {
    t.early.push(piece);
    if (t.early.reduce((sum, one) => sum + one.length, 0) > earlyBytes) client.pause();
  }
  function onEnd(): void {
    client.destroy();
  }
  function stopEarly(): void {
    client.off("data", onEarly);
    client.off("end", onEnd);
  }
}

function bail(t: Tunnel, started: () => void): void {
  started();
  t.client.destroy();
}

function go(t: Tunnel, started: () => void, stopEarly: () => void): void {
  const backend = takeRoute(t.edge, t.visit);
  if (backend) connect(t, backend, started, stopEarly);
  else {
    refuse(t, "no-backend");
    started();
  }
}

function calm(socket: Duplex): void {
  const raw = socket as Partial<Socket>;
  raw.setTimeout?.(0);
  raw.setNoDelay?.(true);
  raw.setKeepAlive?.(true, keepAliveProbeMs);
}

function connect(t: Tunnel, backend: Backend, started: () => void, stopEarly: () => void): void {
  const { edge, client } = t;
  const { head, method } = t.visit;
  const pool = edge.upstreams.to(backend);
  const headers = [...head.headers, "connection", "Upgrade", "upgrade", t.request.headers.upgrade ?? ""];
  let upstream: ClientRequest;
  try {
    upstream = pool.request({ method, target: head.target, headers, connection: "fresh" });
  } catch {
    refuse(t, "bad-request");
    started();
    return;
  }
  t.idle = setTimeout(() => refuse(t, "stalled"), edge.settings.tuning.idleMs);
  const end = pool.begin();
  let upgraded = false;
  t.drop = () => upstream.destroy();
  const timer = setTimeout(
    () => upstream.destroy(new Error("connect timeout")),
    edge.settings.tuning.connectMs,
  );
  upstream.once("socket", (socket) => {
    socket.once("connect", started);
    socket.once("connect", () => clearTimeout(timer));
  });
  upstream.once("close", () => {
    clearTimeout(timer);
    started();
    if (!upgraded) end();
  });
  upstream.on("error", (error) => refuse(t, whyOf(error)));
  upstream.once("response", (incoming) => {
    stopEarly();
    answerInstead(t, incoming, backend);
  });
  upstream.once("upgrade", (incoming, socket, head) => {
    stopEarly();
    upgraded = true;
    socket.once("close", end);
    if (client.destroyed) {
      socket.destroy();
      return;
    }
    t.drop = () => socket.destroy();
    clearTimeout(t.idle);
    const fields = answerHeaders(incoming.rawHeaders, backend.release, false);
    fields.push("connection", "Upgrade", "upgrade", incoming.headers.upgrade ?? "");
    client.write(headText(101, incoming.statusMessage, fields), "latin1");
    log(t, 101, false);
    tie(client, socket, Buffer.concat(t.early), head);
  });
  upstream.end();
}

function tie(client: Duplex, app: Socket, fromClient: Buffer, fromApp: Buffer): void {
  calm(app);
  app.on("error", nothing);
  app.once("close", () => client.destroy());
  client.once("close", () => app.destroy());
  if (fromClient.length > 0) app.write(fromClient);
  if (fromApp.length > 0) client.write(fromApp);
  client.pipe(app);
  app.pipe(client);
}

/** The app does not want to upgrade: its plain answer goes to the client, whose connection ends with it. */
function answerInstead(t: Tunnel, incoming: IncomingMessage, backend: Backend): void {
  const { client } = t;
  const status = incoming.statusCode ?? 502;
  const fields = answerHeaders(incoming.rawHeaders, backend.release, false);
  fields.push("connection", "close");
  client.write(headText(status, incoming.statusMessage, fields), "latin1");
  client.resume();
  incoming.on("error", nothing);
  incoming.once("close", () => {
    if (incoming.complete) return;
    t.visit.by = "app";
    t.visit.why = "cut";
    log(t, status, false);
    client.destroy();
  });
  incoming.once("end", () => log(t, status, false));
  incoming.pipe(client);
}

function refuse(t: Tunnel, why: EdgeWhy): void {
  if (t.logged || t.client.destroyed) return;
  const { status, text } = edgeAnswers[why];
  t.visit.by = "edge";
  t.visit.why = why;
  const fields = [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(text) + 1),
  ];
  if (t.visit.backend) fields.push(releaseHeader, t.visit.backend.release);
  if (status === 503) fields.push("retry-after", String(retryAfterS));
  fields.push("connection", "close");
  log(t, status, false);
  t.client.resume();
  t.client.end(`${headText(status, undefined, fields)}${text}\n`, "latin1");
  t.drop();
}

function headText(status: number, message: string | undefined, fields: readonly string[]): string {
  const lines = [`HTTP/1.1 ${status} ${message ?? STATUS_CODES[status] ?? ""}`];
  for (let i = 0; i + 1 < fields.length; i += 2) lines.push(`${fields[i]}: ${fields[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function log(t: Tunnel, status: number, aborted: boolean): void {
  clearTimeout(t.idle);
  if (t.logged) return;
  t.logged = true;
  logVisit(t.edge, t.visit, status, aborted);
}
