// Listening on a unix socket that only we may open.
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import type { IncomingMessage, Server } from "node:http";
import { dirname } from "node:path";
import type { Duplex } from "node:stream";
import { createAdaptorServer } from "@hono/node-server";

/** A connection that leaves HTTP: it is the callee's from then on. */
export type Upgrade = (request: IncomingMessage, socket: Duplex) => void;
export type Fetch = (request: Request) => Response | Promise<Response>;

/** An old socket file in the way is removed: the caller knows that nobody lives behind it. */
export async function listenOnSocket(path: string, fetch: Fetch): Promise<{ close(): void }> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  rmSync(path, { force: true });
  const server = await listening(fetch, (server) => server.listen(path));
  chmodSync(path, 0o600);
  return closing(server, () => rmSync(path, { force: true }));
}

export async function listenOnPort(
  host: string,
  port: number,
  fetch: Fetch,
  upgrade?: Upgrade,
): Promise<{ close(): void; port: number }> {
  const upgraded = new Set<Duplex>();
  const server = await listening(fetch, (server) => {
    if (upgrade)
      server.on("upgrade", (request, socket) => keep(upgraded, socket) && upgrade(request, socket));
    server.listen(port, host);
  });
  const address = server.address();
  return {
    ...closing(server, () => {
      for (const socket of upgraded) socket.destroy();
    }),
    port: typeof address === "object" && address ? address.port : port,
  };
}

async function listening(fetch: Fetch, listen: (server: Server) => void): Promise<Server> {
  const server = createAdaptorServer({ fetch }) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", resolve);
    listen(server);
  });
  return server;
}

function keep(all: Set<Duplex>, socket: Duplex): true {
  all.add(socket);
  socket.on("close", () => all.delete(socket));
  socket.on("error", () => socket.destroy());
  return true;
}

function closing(server: Server, after: () => void): { close(): void } {
  return {
    close() {
      server.close();
      server.closeAllConnections();
      after();
    },
  };
}
