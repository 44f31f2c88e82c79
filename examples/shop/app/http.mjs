// From a request on the wire to an answer on the wire: bodies, cookies, limits, headers that every answer carries.
import { createServer, STATUS_CODES } from "node:http";
import { faultAnswer } from "./faults.mjs";

const BODY_LIMIT_BYTES = 16 * 1024;
const KEEP_ALIVE_MS = 5_000;
/** Stands for a request target that is no URL: answered 404. */
const NOWHERE = new URL("http://shop/not-a-url");

/**
 * @typedef {string | AsyncIterable<string>} Body
 * @typedef {{ status: number, headers?: Record<string, string>, body?: Body }} Answer
 * @typedef {{
 *   params: string[],
 *   query: URLSearchParams,
 *   sid: string,
 *   json: () => Promise<Record<string, unknown>>,
 *   gone: AbortSignal,
 * }} Asked
 * @typedef {{ name: string, handle: (asked: Asked) => Answer | Promise<Answer> }} Route
 * @typedef {(method: string, path: string) => { route: Route, params: string[] }} Routes
 * @typedef {{
 *   version: string,
 *   routes: Routes,
 *   faults: ReturnType<typeof import("./faults.mjs").createFaults>,
 *   chat: import("./chat.mjs").Chat,
 *   nameOf: (sid: string) => string | Promise<string>,
 *   paths: { prefix: string, chat: string },
 *   log: import("./log.mjs").Log,
 *   stopping: { now: boolean },
 * }} Parts
 */

/** A request that we refuse; its message is meant for the client. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** @param {Parts} parts */
export function createListener(parts) {
  const server = createServer({ keepAlive: true, keepAliveTimeout: KEEP_ALIVE_MS });
  server.on("request", (request, response) => {
    void serve(parts, request, response);
  });
  server.on("upgrade", (request, socket, head) => void upgrade(parts, request, socket, head));
  return server;
}

/**
 * @param {Parts} parts
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:http").ServerResponse} response
 */
async function serve(parts, request, response) {
  const before = performance.now();
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const url = urlOf(request);
  const path = withoutPrefix(url.pathname, parts.paths.prefix);
  // A HEAD is a GET whose body Node leaves out.
  const method = request.method === "HEAD" ? "GET" : (request.method ?? "GET");
  const { route, params } = parts.routes(method, path);
  const asked = {
    params,
    query: url.searchParams,
    sid: cookie(request, "sid"),
    json: () => readJson(request),
    gone: gone.signal,
  };
  response.on("close", () => {
    const ms = Math.round((performance.now() - before) * 10) / 10;
    const cut = !response.writableFinished;
    parts.log("info", "request", { route: route.name, status: response.statusCode, ms, cut });
  });
  await send(
    parts,
    response,
    await parts.faults.around(route.name, () => attempt(parts, () => route.handle(asked))),
  );
}

/** @param {import("node:http").IncomingMessage} request */
function urlOf(request) {
  return URL.parse(request.url ?? "/", "http://shop") ?? NOWHERE;
}

/** What is not under the prefix is nowhere. @param {string} path @param {string} prefix e.g. `/api`, or empty */
function withoutPrefix(path, prefix) {
  if (prefix === "") return path;
  return path === prefix || path.startsWith(`${prefix}/`) ? path.slice(prefix.length) || "/" : "/not-a-url";
}

/** @param {Parts} parts @param {() => Answer | Promise<Answer>} work @returns {Promise<Answer>} */
async function attempt(parts, work) {
  try {
    return await work();
  } catch (error) {
    if (error instanceof Refused) return jsonAnswer(error.status, { error: error.message });
    const busy = /** @type {{ errcode?: number }} */ (error).errcode === 5;
    parts.log("error", busy ? "database busy" : "request failed", { error: String(error) });
    return jsonAnswer(busy ? 503 : 500, { error: busy ? "busy, try again" : "internal error" });
  }
}

/** @param {number} status @param {unknown} value @param {Record<string, string>} [headers] @returns {Answer} */
export function jsonAnswer(status, value, headers = {}) {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) };
}

/**
 * @param {Parts} parts
 * @param {import("node:http").ServerResponse} response
 * @param {Answer} answer
 */
async function send(parts, response, answer) {
  /** @type {Record<string, string>} */
  const headers = { "content-type": "application/json", ...answer.headers, "x-shop-version": parts.version };
  // While we leave, every answer asks the client to come back on a new connection: to whoever serves next.
  if (parts.stopping.now) headers.connection = "close";
  response.on("error", () => {});
  if (answer.body === undefined || typeof answer.body === "string") {
    response.writeHead(answer.status, { ...headers, "content-length": Buffer.byteLength(answer.body ?? "") });
    response.end(answer.body);
    return;
  }
  response.writeHead(answer.status, headers);
  for await (const chunk of answer.body) response.write(chunk);
  response.end();
}

/**
 * @param {Parts} parts
 * @param {import("node:http").IncomingMessage} request
 * @param {import("node:stream").Duplex} socket
 * @param {Buffer} head
 */
async function upgrade(parts, request, socket, head) {
  socket.on("error", () => socket.destroy());
  if (urlOf(request).pathname !== parts.paths.chat) return refuse(parts, socket, { status: 404 });
  if (parts.stopping.now) return refuse(parts, socket, { status: 503 });
  if (parts.faults.fails("GET /chat")) return refuse(parts, socket, faultAnswer("GET /chat"));
  const name = await parts.nameOf(cookie(request, "sid"));
  if (!parts.chat.accept(request, socket, head, name)) refuse(parts, socket, { status: 400 });
}

/** @param {Parts} parts @param {import("node:stream").Duplex} socket @param {Answer} answer */
function refuse(parts, socket, answer) {
  const fields = {
    ...answer.headers,
    "x-shop-version": parts.version,
    "content-length": "0",
    connection: "close",
  };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status]}\r\n${lines.join("")}\r\n`);
  parts.log("info", "request", { route: "GET /chat", status: answer.status });
}

/** @param {import("node:http").IncomingMessage} request @returns {Promise<Record<string, unknown>>} */
async function readJson(request) {
  const chunks = [];
  let bytes = 0;
  for await (const chunk of request) {
    bytes += chunk.length;
    // Too much is read to its end but not kept: leaving the loop early would cut the connection before our answer.
    if (bytes <= BODY_LIMIT_BYTES) chunks.push(chunk);
  }
  if (bytes > BODY_LIMIT_BYTES) throw new Refused(413, `a body has at most ${BODY_LIMIT_BYTES} bytes`);
  try {
    const value = JSON.parse(Buffer.concat(chunks).toString("utf8"));
    if (value !== null && typeof value === "object" && !Array.isArray(value)) return value;
  } catch {}
  throw new Refused(400, "the body must be a JSON object");
}

/** @param {import("node:http").IncomingMessage} request @param {string} name */
function cookie(request, name) {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=");
    if (key === name) return value ?? "";
  }
  return "";
}
