// Listening on a unix socket that only we may open.
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import type { Server } from "node:http";
import { dirname } from "node:path";
import { createAdaptorServer } from "@hono/node-server";

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
): Promise<{ close(): void; port: number }> {
  const server = await listening(fetch, (server) => server.listen(port, host));
  const address = server.address();
  return {
    ...closing(server, () => undefined),
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

function closing(server: Server, after: () => void): { close(): void } {
  return {
    close() {
      server.close();
      server.closeAllConnections();
      after();
    },
  };
}
