// The `ws` package, which brings no types of its own, with what these tests use of it.
import type { EventEmitter } from "node:events";
import type http from "node:http";
import { createRequire } from "node:module";

export type Ws = EventEmitter & {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  terminate(): void;
};
type Module = {
  readonly WebSocket: { new (url: string): Ws; readonly OPEN: number };
  readonly WebSocketServer: new (options: { server: http.Server }) => EventEmitter;
};

const { WebSocket, WebSocketServer }: Module = createRequire(import.meta.url)("ws");

export function webSocket(url: string): Ws {
  return new WebSocket(url.replace("http", "ws"));
}

export function isOpen(socket: Ws): boolean {
  return socket.readyState === WebSocket.OPEN;
}

/** Answers every message with the name in front of it. */
export function echoServer(server: http.Server, name: string): void {
  new WebSocketServer({ server }).on("connection", (socket: Ws) =>
    socket.on("message", (text: Buffer) => socket.send(`${name}: ${text}`)),
  );
}
