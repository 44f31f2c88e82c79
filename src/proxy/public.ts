// The public side: the server that clients talk to.
import http from "node:http";
import type { Socket } from "node:net";
import type { Edge } from "./edge.ts";
import { serve } from "./exchange.ts";
import { type Tunnels, tunnels, wantsTunnel } from "./tunnel.ts";
import { headBytes } from "./upstreams.ts";

const connectionsAtOnce = 20_000;
const headMs = 60_000;
const headersCheckMs = 5_000;
/** Beyond the idle limit of a request: only for connections that nobody looks after. */
const idleSlackMs = 5_000;

export type PublicServer = {
  readonly server: http.Server;
  readonly open: Tunnels;
  /** Client connections, idle ones too. */
  connections(): number;
};

export function publicServer(edge: Edge): PublicServer {
  const { tuning } = edge.settings;
  const open = tunnels(edge);
  const server = http.createServer({
    insecureHTTPParser: false,
    requireHostHeader: true,
    maxHeaderSize: headBytes,
    keepAliveTimeout: tuning.clientKeepAliveMs,
    headersTimeout: headMs,
    // No limit on a whole request: only on silence.
    requestTimeout: 0,
    connectionsCheckingInterval: headersCheckMs,
    shouldUpgradeCallback: wantsTunnel,
  });
  server.maxConnections = connectionsAtOnce;
  server.timeout = Math.max(tuning.idleMs, tuning.holdMs) + idleSlackMs;
  server.on("request", (request, response) => serve(edge, request, response));
  server.on("checkContinue", (request, response) => serve(edge, request, response));
  server.on("upgrade", (request, socket, head) => open.serve(request, socket, head));
  server.on("connect", (_request, socket) => {
    socket.on("error", () => undefined);
    socket.end("HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  });
  server.on("drop", () => {
    edge.counters.turnedAway += 1;
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) =>
    onClientError(edge, error, socket as Socket),
  );
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    socket.once("close", () => {
      connections -= 1;
    });
  });
  return { server, open, connections: () => connections };
}

function onClientError(edge: Edge, error: NodeJS.ErrnoException, socket: Socket): void {
  const gone = error.code === "ECONNRESET" || error.code === "EPIPE" || !socket.writable;
  if (error.code?.startsWith("HPE_")) edge.counters.malformed += 1;
  if (gone || isAnswering(socket)) {
    socket.destroy();
    return;
  }
  const status =
    error.code === "HPE_HEADER_OVERFLOW"
      ? "431 Request Header Fields Too Large"
      : error.code === "ERR_HTTP_REQUEST_TIMEOUT"
        ? "408 Request Timeout"
        : "400 Bad Request";
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
}

/** An answer is on its way on this connection: bytes of ours in the middle of it would be taken for a part. */
function isAnswering(socket: Socket): boolean {
  const current = (socket as Socket & { _httpMessage?: { headersSent: boolean } | null })._httpMessage;
  return current?.headersSent === true;
}
