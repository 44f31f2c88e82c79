// HTTP for large bodies: bytes in and out, kept connections, certificates of one's own.
import { Agent as PlainAgent, request as plainRequest } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { ok, problem, type Result } from "../core/result.ts";
import type { ByteAnswer, ByteHttp, ByteRequest } from "../ports/byte-http.ts";
import { errorCode } from "./file-problem.ts";

/** Without a byte in either direction. */
const SILENT_MS = 60_000;
const WHOLE_MS = 15 * 60_000;
const CONNECTIONS = 8;
/** Kept connections must not keep a command alive that is done. */
const KEPT_MS = 2_000;

/** What Node calls it when it does not trust a certificate. */
const DISTRUST = /^(CERT_|ERR_TLS_CERT|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(VERIFY|GET))/;

type Wait = { readonly silentMs: number; readonly wholeMs: number };

/** The times are for tests to shorten. */
export function byteHttp(wait: Wait = { silentMs: SILENT_MS, wholeMs: WHOLE_MS }): ByteHttp {
  const kept = { keepAlive: true, maxSockets: CONNECTIONS, timeout: KEPT_MS };
  const agents = { plain: new PlainAgent(kept), tls: new TlsAgent(kept) };
  return { exchange: (wanted) => exchange(wanted, agents, wait) };
}

type Agents = { readonly plain: PlainAgent; readonly tls: TlsAgent };

async function exchange(wanted: ByteRequest, agents: Agents, wait: Wait): Promise<Result<ByteAnswer>> {
  const url = new URL(wanted.url);
  const where = url.host;
  const isTls = url.protocol === "https:";
  const { method, headers, body } = wanted;
  return new Promise((resolve) => {
    const length = body === undefined ? {} : { "content-length": String(body.length) };
    const options = { method, headers: { ...headers, ...length } };
    const request = isTls
      ? tlsRequest(url, { ...options, agent: agents.tls, ...(wanted.ca === null ? {} : { ca: wanted.ca }) })
      : plainRequest(url, { ...options, agent: agents.plain });
    let over = false;
    const finish = (result: Result<ByteAnswer>): void => {
      if (over) return;
      over = true;
      clearTimeout(timer);
      if (!result.ok) request.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(slow(where, wait.wholeMs)), wait.wholeMs);
    request.setTimeout(wait.silentMs, () => finish(slow(where, wait.silentMs)));
    request.on("error", (error) => finish(broken(where, error)));
    request.on("response", (response) => {
      if (method === "HEAD") {
        const { statusCode = 0, headers: said } = response;
        finish(ok({ status: statusCode, headers: flat(said), body: Buffer.alloc(0) }));
        // There are servers that send a body all the same, where it breaks whatever comes next on that connection.
        if (statusCode >= 400) request.destroy();
        else response.resume();
        return;
      }
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > wanted.mostBytes) finish(tooLong(where, wanted.mostBytes));
      });
      response.on("error", (error) => finish(broken(where, error)));
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        finish(ok({ status, headers: flat(response.headers), body: Buffer.concat(chunks) }));
      });
    });
    request.end(body);
  });
}

function flat(headers: NodeJS.Dict<string | string[]>): Readonly<Record<string, string | undefined>> {
  const texts = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(", ") : value,
  ]);
  return Object.fromEntries(texts) as Record<string, string | undefined>;
}

function broken(where: string, error: unknown): Result<never> {
  const code = errorCode(error);
  if (code === null) throw error;
  if (DISTRUST.test(code))
    return problem(
      "refused",
      `the certificate that ${where} shows is not trusted (${code})`,
      "name the file of its authority as `caFile`, or correct the address",
      where,
    );
  const why =
    code === "ECONNREFUSED"
      ? "nobody listens there"
      : code === "ENOTFOUND" || code === "EAI_AGAIN"
        ? "that name has no address"
        : `the connection broke off (${code})`;
  return problem(
    "unreachable",
    `${where} does not answer: ${why}`,
    "check the address, and the network",
    where,
  );
}

function slow(where: string, ms: number): Result<never> {
  return problem("timeout", `${where} did not answer within ${ms} ms`, "check the network to it", where);
}

function tooLong(where: string, bytes: number): Result<never> {
  return problem(
    "failed",
    `${where} answered more than the ${bytes} bytes that were asked for`,
    "check the address",
    where,
  );
}
