// One HTTP request on its way: through the gate, to the backend, back to the client, into the log.
import type { ClientRequest, IncomingMessage, ServerResponse } from "node:http";
import type { Edge } from "./edge.ts";
import { answerHeaders, flagsHeader, passingTrailers, releaseHeader } from "./head.ts";
import { pump } from "./pump.ts";
import type { Backend } from "./route.ts";
import type { Outgoing } from "./upstreams.ts";
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

const idempotent = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

type Exchange = {
  readonly edge: Edge;
  readonly visit: Visit;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Runs while the app has the request, not while it waits at the gate. */
  idle: NodeJS.Timeout | undefined;
  /** Takes it out of the line at the gate. */
  leave: () => void;
  upstream: ClientRequest | null;
  stopBody: () => void;
  /** A byte of the body was taken from the client: it can't be sent a second time. */
  bodyTaken: boolean;
  retried: boolean;
  /** Nothing more may be done with the answer. */
  over: boolean;
};

/** Longest word of an app about its flags. */
const flagsChars = 500;
const nothing = (): void => undefined;

export function serve(edge: Edge, request: IncomingMessage, response: ServerResponse): void {
  const x: Exchange = {
    edge,
    visit: visit(edge, request),
    request,
    response,
    idle: undefined,
    leave: nothing,
    upstream: null,
    stopBody: nothing,
    bodyTaken: false,
    retried: false,
    over: false,
  };
  response.once("close", () => onClose(x));
  const { fault } = x.visit.head;
  if (fault) answer(x, fault.status === 501 ? "bad-coding" : "bad-request");
  else enter(x, "any");
}

function enter(x: Exchange, connection: Outgoing["connection"]): void {
  x.leave = x.edge.gate.enter({
    go: (started) =>
      guarded(
        x.edge,
        () => bail(x, started),
        () => go(x, connection, started),
      ),
    refuse: (why) => answer(x, why),
  });
}

function go(x: Exchange, connection: Outgoing["connection"], started: () => void): void {
  const backend = takeRoute(x.edge, x.visit);
  if (backend) forward(x, backend, connection, started);
  else {
    answer(x, "no-backend");
    started();
  }
}

function bail(x: Exchange, started: () => void): void {
  started();
  x.response.destroy();
}

function forward(x: Exchange, backend: Backend, wanted: Outgoing["connection"], started: () => void): void {
  const { head, method } = x.visit;
  const pool = x.edge.upstreams.to(backend);
  const again = idempotent.has(method) && head.body === "none";
  const connection = wanted === "any" && !again ? "surely-alive" : wanted;
  let upstream: ClientRequest;
  try {
    upstream = pool.request({ method, target: head.target, headers: head.headers, connection });
  } catch {
    answer(x, "bad-request");
    started();
    return;
  }
  const end = pool.begin();
  x.upstream = upstream;
  x.idle ??= setTimeout(() => onIdle(x), x.edge.settings.tuning.idleMs);
  const bytes = { before: 0 };
  upstream.once("socket", (socket) => {
    bytes.before = socket.bytesRead;
    if (!socket.connecting) return started();
    const timer = setTimeout(
      () => socket.destroy(new Error("connect timeout")),
      x.edge.settings.tuning.connectMs,
    );
    socket.once("connect", started);
    socket.once("connect", () => clearTimeout(timer));
    socket.once("close", () => clearTimeout(timer));
  });
  upstream.once("close", () => {
    end();
    started();
  });
  upstream.on("continue", () => {
    if (head.expects && !x.response.headersSent && !x.response.destroyed) x.response.writeContinue();
  });
  upstream.on("response", (incoming) => relay(x, upstream, incoming, backend));
  upstream.on("error", (error) => onUpstreamError(x, upstream, error, bytes.before));
  sendBody(x, upstream);
}

function sendBody(x: Exchange, upstream: ClientRequest): void {
  if (x.visit.head.body === "none") {
    upstream.end();
    return;
  }
  x.stopBody = pump(x.request, upstream, {
    progress: () => {
      x.bodyTaken = true;
      x.idle?.refresh();
    },
    end: () => {
      if (x.visit.head.body === "chunked") upstream.addTrailers(passingTrailers(x.request.rawTrailers));
      upstream.end();
    },
  });
}

function relay(x: Exchange, upstream: ClientRequest, incoming: IncomingMessage, backend: Backend): void {
  const { response, request } = x;
  incoming.on("error", nothing);
  if (x.over || response.destroyed) {
    upstream.destroy();
    return;
  }
  x.idle?.refresh();
  const status = incoming.statusCode ?? 502;
  const trailers =
    request.httpVersion === "1.1" && request.method !== "HEAD" && "transfer-encoding" in incoming.headers;
  const headers = answerHeaders(incoming.rawHeaders, backend.release, trailers);
  x.visit.flags = flagsOf(incoming);
  if (x.edge.stopping()) headers.push("connection", "close");
  try {
    response.writeHead(status, incoming.statusMessage, headers);
  } catch {
    answer(x, "bad-answer");
    upstream.destroy();
    return;
  }
  pump(incoming, response, {
    progress: () => x.idle?.refresh(),
    end: () => {
      if (trailers) response.addTrailers(passingTrailers(incoming.rawTrailers));
      x.over = true;
      response.end();
    },
  });
  incoming.once("close", () => {
    if (!incoming.complete) cut(x, "cut");
  });
}

/** The answer can't be finished: the client must see that, so its connection ends without a proper end. */
function cut(x: Exchange, why: "cut" | "stalled"): void {
  if (x.over || x.response.destroyed) return;
  x.over = true;
  x.visit.by = "app";
  x.visit.why = why;
  x.response.destroy();
}

function onUpstreamError(
  x: Exchange,
  upstream: ClientRequest,
  error: NodeJS.ErrnoException,
  before: number,
): void {
  if (x.over || x.upstream !== upstream || x.response.destroyed) return;
  if (x.response.headersSent) {
    cut(x, "cut");
    return;
  }
  x.stopBody();
  x.upstream = null;
  if (mayRetry(x, upstream, error, before)) {
    x.retried = true;
    enter(x, "fresh");
  } else answer(x, whyOf(error));
}

/**
 * Once, and only where a second sending can do no harm: the app can't have seen the request at all (refused
 * connection after the route moved; the very first write failed), or it may see it twice (idempotent) and
 * the connection was an idle one that it closed.
 */
function mayRetry(
  x: Exchange,
  upstream: ClientRequest,
  error: NodeJS.ErrnoException,
  before: number,
): boolean {
  if (x.retried || x.bodyTaken) return false;
  if (error.code === "ECONNREFUSED") return x.edge.route().generation !== x.visit.generation;
  const untouched = (upstream.socket?.bytesRead ?? before) === before;
  if (!upstream.reusedSocket || !untouched) return false;
  const neverWritten = error.code === "EPIPE" && error.syscall === "write";
  return neverWritten || idempotent.has(x.visit.method);
}

function onIdle(x: Exchange): void {
  if (x.over) return;
  const { request, response, upstream } = x;
  if (response.headersSent) {
    // A client that takes nothing leaves by itself in the log; an app that sends nothing is to blame.
    if (response.writableNeedDrain) response.destroy();
    else cut(x, "stalled");
  } else answer(x, request.complete || upstream?.writableNeedDrain ? "stalled" : "client-stalled");
  upstream?.destroy();
}

function answer(x: Exchange, why: EdgeWhy): void {
  const { response, visit: of } = x;
  if (x.over || response.headersSent || response.destroyed) return;
  x.over = true;
  const { status, text } = edgeAnswers[why];
  of.by = "edge";
  of.why = why;
  const headers = [
    "content-type",
    "text/plain; charset=utf-8",
    "content-length",
    String(Buffer.byteLength(text) + 1),
  ];
  if (of.backend) headers.push(releaseHeader, of.backend.release);
  if (status === 503) headers.push("retry-after", String(retryAfterS));
  // After a 4xx or 501 of ours nobody knows where the next request begins.
  if (x.edge.stopping() || status < 500 || status === 501) headers.push("connection", "close");
  response.writeHead(status, headers);
  response.end(`${text}\n`);
}

function onClose(x: Exchange): void {
  clearTimeout(x.idle);
  x.leave();
  x.stopBody();
  const { request, response, upstream } = x;
  const sent = response.writableFinished;
  x.over = true;
  if (!sent || !request.complete) upstream?.destroy();
  // What the client still sends after its answer is read and thrown away, or its connection would stall.
  if (!request.complete) request.resume();
  const status = response.headersSent ? response.statusCode : 499;
  logVisit(x.edge, x.visit, status, !sent && x.visit.by !== "app");
}

/** Cut, so that an app cannot make lines that nobody reads. */
function flagsOf({ headers }: IncomingMessage): string | null {
  const said = headers[flagsHeader];
  return typeof said === "string" && said !== "" ? said.slice(0, flagsChars) : null;
}
