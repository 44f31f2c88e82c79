// Leaving in good order: nobody who has been let in goes without an answer.
import { Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** Idle keep-alive connections stay this long: a request may already be on its way on one of them. */
const LINGER_MS = 1_000;
/** Whoever is still at it by now is cut, so that a stop always ends. */
const STOP_LIMIT_MS = 25_000;

/**
 * Stops accepting, finishes what is in flight, closes websockets with 1001.
 * @param {import("node:http").Server} server
 * @param {import("./chat.mjs").Chat} chat
 */
export async function leaveGracefully(server, chat) {
  const closed = new Promise((resolve) => server.once("close", resolve));
  // The close of node:http would cut idle connections at once; the one of node:net only stops accepting.
  Server.prototype.close.call(server);
  const limit = setTimeout(() => server.closeAllConnections(), STOP_LIMIT_MS);
  await Promise.all([chat.closeAll(), Promise.race([closed, sleep(LINGER_MS)])]);
  server.closeIdleConnections();
  await closed;
  clearTimeout(limit);
}
