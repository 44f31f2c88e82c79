// Sends one request, once, and says what became of it.
import { type Agent, type ClientRequest, type IncomingMessage, request as open } from "node:http";
import { bounds } from "./bounds.ts";

export type Ask = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
};

/**
 * `refused`: nobody listens. `reset`: the connection broke before an answer. `cut`: the answer began but did not end.
 * `status`: an answer >= 500 that is not marked as made by the app's fault.
 */
export type LostKind = "refused" | "reset" | "timeout" | "cut" | "status" | "other";

export type Outcome =
  | { readonly kind: "answered"; readonly status: number; readonly head: IncomingMessage["headers"] }
  | { readonly kind: "lost"; readonly how: LostKind; readonly detail: string };

export type Target = { readonly host: string; readonly port: number; readonly agent: Agent };

/** Never rejects and never tries again, not even where Node could tell that a kept connection was stale. */
export function send(target: Target, headers: Readonly<Record<string, string>>, ask: Ask): Promise<Outcome> {
  return new Promise((resolve) => {
    const body = ask.body === undefined ? undefined : JSON.stringify(ask.body);
    const more = body === undefined ? {} : jsonHeaders(body);
    const { host, port, agent } = target;
    const request = open({
      host,
      port,
      agent,
      method: ask.method,
      path: ask.path,
      headers: { ...headers, ...more },
    });
    let answer: IncomingMessage | undefined;
    const settle = (outcome: Outcome) => {
      clearTimeout(timer);
      resolve(outcome);
    };
    const fail = (error: Error) => settle(lost(error, request, answer));
    const timer = setTimeout(() => request.destroy(new TimeoutError()), bounds.answerMs);
    request.on("error", fail);
    request.on("response", (response) => {
      answer = response;
      response.on("error", fail);
      response.on("end", () =>
        settle({ kind: "answered", status: response.statusCode ?? 0, head: response.headers }),
      );
      response.resume();
    });
    request.end(body);
  });
}

class TimeoutError extends Error {
  override name = "TimeoutError";
}

function jsonHeaders(body: string): Record<string, string> {
  return { "content-type": "application/json", "content-length": String(Buffer.byteLength(body)) };
}

/** `answer`: what had begun to come in, if anything. */
export function lost(error: Error, request: ClientRequest, answer?: IncomingMessage): Outcome {
  const code = (error as NodeJS.ErrnoException).code ?? error.name;
  const detail = `${request.method} ${request.path}: ${code}${request.reusedSocket ? " on a kept connection" : ""}`;
  return { kind: "lost", how: howLost(error, code, answer), detail };
}

function howLost(error: Error, code: string, answer: IncomingMessage | undefined): LostKind {
  if (error instanceof TimeoutError) return "timeout";
  if (answer !== undefined) return "cut";
  if (code === "ECONNREFUSED") return "refused";
  return code === "ECONNRESET" || code === "EPIPE" ? "reset" : "other";
}
