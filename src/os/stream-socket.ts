// A client for line protocols that answer and close: connect, write, read to the end.
import { connect } from "node:net";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { StreamAddress, StreamSocket } from "../ports/stream-socket.ts";
import { errorCode } from "./file-problem.ts";

export function streamSocket(): StreamSocket {
  return { ask };
}

function ask(address: StreamAddress, text: string, timeoutMs: number): Promise<Result<string>> {
  const where = "path" in address ? address.path : `${address.host}:${address.port}`;
  return new Promise((resolve) => {
    const socket = connect("path" in address ? { path: address.path } : { ...address });
    const chunks: Buffer[] = [];
    let bytes = 0;
    const finish = (result: Result<string>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(tooSlow(where, timeoutMs)), timeoutMs);
    socket.on("error", (error) => finish(unreachable(where, error)));
    socket.on("connect", () => socket.write(text));
    socket.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > limits.childOutputBytes) finish(tooLong(where));
    });
    socket.on("end", () => finish(ok(Buffer.concat(chunks).toString("utf8"))));
  });
}

function unreachable(where: string, error: unknown): Result<never> {
  const code = errorCode(error);
  if (code === null) throw error;
  const why =
    code === "ECONNREFUSED" || code === "ENOENT" ? "nobody listens there" : `it failed with ${code}`;
  return problem(
    "unreachable",
    `${where} cannot be asked: ${why}`,
    "check that it runs, and the address",
    where,
  );
}

function tooSlow(where: string, timeoutMs: number): Result<never> {
  const next = "check whether it is overloaded or stuck";
  return problem("timeout", `${where} did not answer within ${timeoutMs} ms`, next, where);
}

function tooLong(where: string): Result<never> {
  const what = `${where} answered with more than ${limits.childOutputBytes} bytes`;
  return problem("failed", what, "check that the address is the right one", where);
}
