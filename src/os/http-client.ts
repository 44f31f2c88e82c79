// A small HTTP client for probes and control sockets.
import {
  type ClientRequest,
  type IncomingMessage,
  request as plainRequest,
  type RequestOptions,
} from "node:http";
import { request as tlsRequest } from "node:https";
import { ok, problem, type Result } from "../core/result.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../ports/http-client.ts";
import { errorCode } from "./file-problem.ts";

/** A longer body is cut here: a probe asks for the status, and cut JSON does not parse. */
const BODY_BYTES = 1024 * 1024;

/** `timeoutMs` covers everything from the connection to the last byte. An aborted signal gives `cancelled`. */
export function httpClient(): HttpClient {
  return { request: exchange };
}

async function exchange(wanted: HttpRequest): Promise<Result<HttpAnswer>> {
  const url = URL.canParse(wanted.url) ? new URL(wanted.url) : null;
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    return problem("usage", `${wanted.url} is not an http address`, "write it as http://host:port/path");
  }
  const where = wanted.socketPath ?? url.host;
  if (wanted.signal?.aborted) return cancelled(where);
  return new Promise((resolve) => {
    const request = (url.protocol === "https:" ? tlsRequest : plainRequest)(url, optionsOf(wanted));
    const timer = setTimeout(() => finish(tooSlow(where, wanted.timeoutMs)), wanted.timeoutMs);
    const abort = (): void => finish(cancelled(where));
    let over = false;
    const finish = (result: Result<HttpAnswer>): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      wanted.signal?.removeEventListener("abort", abort);
      request.destroy();
      resolve(result);
    };
    wanted.signal?.addEventListener("abort", abort, { once: true });
    request.on("error", (error) => finish(unreachable(where, error)));
    request.on("response", (response) => readBody(response, where, finish));
    sendBody(request, wanted.body);
  });
}

function optionsOf(wanted: HttpRequest): RequestOptions {
  const length =
    wanted.body === undefined ? {} : { "content-length": String(Buffer.byteLength(wanted.body)) };
  return {
    method: wanted.method,
    agent: false,
    headers: { ...wanted.headers, ...length, connection: "close" },
    ...(wanted.socketPath === undefined ? {} : { socketPath: wanted.socketPath }),
  };
}

function sendBody(request: ClientRequest, body: string | undefined): void {
  if (body === undefined) request.end();
  else request.end(body);
}

function readBody(
  response: IncomingMessage,
  where: string,
  finish: (result: Result<HttpAnswer>) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const done = (): void => finish(ok(answerOf(response, Buffer.concat(chunks).subarray(0, BODY_BYTES))));
  response.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= BODY_BYTES) done();
  });
  response.on("end", done);
  response.on("error", (error) => finish(unreachable(where, error)));
}

function answerOf(response: IncomingMessage, body: Buffer): HttpAnswer {
  const headers: Record<string, string | undefined> = {};
  for (const [name, value] of Object.entries(response.headers)) {
    headers[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return { status: response.statusCode ?? 0, headers, body: body.toString("utf8") };
}

function unreachable(where: string, error: unknown): Result<never> {
  const code = errorCode(error);
  if (code === null) throw error;
  const why =
    code === "ECONNREFUSED" || code === "ENOENT" ? "nobody listens there" : `the connection failed (${code})`;
  return problem(
    "unreachable",
    `${where} does not answer: ${why}`,
    "check that it runs, and its port",
    where,
  );
}

function tooSlow(where: string, timeoutMs: number): Result<never> {
  return problem(
    "timeout",
    `${where} did not answer within ${timeoutMs} ms`,
    "check whether it is overloaded or stuck",
    where,
  );
}

function cancelled(where: string): Result<never> {
  return problem(
    "cancelled",
    `the request to ${where} was called off`,
    "ask again if it is still needed",
    where,
  );
}
