// The chat room: what one says, all hear, the speaker too (RFC 6455, server side, no extensions).
import { createHash } from "node:crypto";
import { BadFrame, CLOSE, createFrameReader, encodeClose, encodeFrame, OPCODE } from "./frames.mjs";

const MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const PING_EVERY_MS = 15_000;
const CLOSE_ANSWER_MS = 1_000;
/** A listener that is this far behind is let go: its backlog would eat our memory. */
const BACKLOG_LIMIT_BYTES = 1024 * 1024;

/**
 * @typedef {{
 *   accept: (
 *     request: import("node:http").IncomingMessage, socket: import("node:stream").Duplex, head: Buffer, name: string,
 *   ) => boolean,
 *   closeAll: () => Promise<void>,
 * }} Chat
 * @typedef {{ name: string, socket: import("node:stream").Duplex, isClosing: boolean, answered: boolean }} Guest
 */

/** @param {{ version: string, log: import("./log.mjs").Log }} parts @returns {Chat} */
export function createChat({ version, log }) {
  /** @type {Set<Guest>} */
  const guests = new Set();
  /** @param {Buffer} frame */
  const sendToAll = (frame) => {
    for (const guest of guests) {
      if (guest.isClosing) continue;
      if (guest.socket.writableLength > BACKLOG_LIMIT_BYTES) guest.socket.destroy();
      else guest.socket.write(frame);
    }
  };
  /** @param {Guest} guest @param {number} opcode @param {Buffer} payload */
  const hear = (guest, opcode, payload) => {
    guest.answered = true;
    if (opcode === OPCODE.TEXT && !guest.isClosing) {
      const line = { from: guest.name, text: payload.toString("utf8"), version };
      sendToAll(encodeFrame(OPCODE.TEXT, Buffer.from(JSON.stringify(line))));
    }
    if (opcode === OPCODE.PING && !guest.isClosing) guest.socket.write(encodeFrame(OPCODE.PONG, payload));
    if (opcode === OPCODE.CLOSE) {
      leave(guest, payload.length < 2 ? CLOSE.NORMAL : payload.readUInt16BE(0));
      guest.socket.end();
    }
  };
  return {
    accept(request, socket, head, name) {
      const key = request.headers["sec-websocket-key"];
      if (!isHandshake(request) || key === undefined) return false;
      socket.write(handshakeAnswer(key, version));
      const guest = { name, socket, isClosing: false, answered: true };
      guests.add(guest);
      listen(guest, head, hear);
      socket.on("close", () => {
        guests.delete(guest);
        log("info", "chat left", { guests: guests.size });
      });
      log("info", "chat joined", { guests: guests.size });
      return true;
    },
    async closeAll() {
      const left = [...guests].map((guest) => new Promise((resolve) => guest.socket.once("close", resolve)));
      for (const guest of guests) leave(guest, CLOSE.GOING_AWAY);
      await Promise.all(left);
    },
  };
}

/**
 * @param {Guest} guest
 * @param {Buffer} head
 * @param {(guest: Guest, opcode: number, payload: Buffer) => void} hear
 */
function listen(guest, head, hear) {
  const { socket } = guest;
  const read = createFrameReader((opcode, payload) => hear(guest, opcode, payload));
  /** @param {Buffer} chunk */
  const take = (chunk) => {
    try {
      read(chunk);
    } catch (error) {
      if (!(error instanceof BadFrame)) throw error;
      // After a broken frame nothing that follows can be read any more.
      socket.off("data", take);
      socket.resume();
      leave(guest, error.code);
      socket.end();
    }
  };
  const pings = setInterval(() => {
    if (!guest.answered) socket.destroy();
    guest.answered = false;
    if (!guest.isClosing) socket.write(encodeFrame(OPCODE.PING, Buffer.alloc(0)));
  }, PING_EVERY_MS);
  socket.on("close", () => clearInterval(pings));
  socket.on("end", () => socket.end());
  socket.on("data", take);
  if (head.length > 0) take(head);
}

/** Say goodbye; a client that does not answer it in time is cut. @param {Guest} guest @param {number} code */
function leave(guest, code) {
  if (guest.isClosing) return;
  guest.isClosing = true;
  guest.socket.write(encodeClose(code));
  const cut = setTimeout(() => guest.socket.destroy(), CLOSE_ANSWER_MS);
  guest.socket.once("close", () => clearTimeout(cut));
}

/** @param {import("node:http").IncomingMessage} request */
function isHandshake({ method, headers }) {
  return (
    method === "GET" &&
    headers.upgrade?.toLowerCase() === "websocket" &&
    headers["sec-websocket-version"] === "13" &&
    Buffer.from(headers["sec-websocket-key"] ?? "", "base64").length === 16
  );
}

/** @param {string} key @param {string} version */
function handshakeAnswer(key, version) {
  const accept = createHash("sha1")
    .update(key + MAGIC)
    .digest("base64");
  return [
    "HTTP/1.1 101 Switching Protocols",
    "upgrade: websocket",
    "connection: upgrade",
    `sec-websocket-accept: ${accept}`,
    `x-shop-version: ${version}`,
    "\r\n",
  ].join("\r\n");
}
