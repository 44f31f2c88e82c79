// What is known of one request from its arrival to its line in the access log.
import type { IncomingMessage } from "node:http";
import { accessLine } from "./access-line.ts";
import { clientKey, plainAddress } from "./client.ts";
import type { Edge } from "./edge.ts";
import { type RequestHead, requestHead } from "./head.ts";
import type { Backend } from "./route.ts";

export type Visit = {
  readonly at: number;
  readonly began: number;
  readonly method: string;
  readonly head: RequestHead;
  /** Where it went; null as long as it went nowhere. */
  backend: Backend | null;
  generation: number;
  by: "app" | "edge" | null;
  why: string | null;
  /** What the app said of its flags for this request; null: nothing. */
  flags: string | null;
};

export function visit(edge: Edge, request: IncomingMessage): Visit {
  const address = plainAddress(request.socket.remoteAddress);
  const { header, cookie } = edge.settings.clientKey;
  const method = request.method ?? "GET";
  const head = requestHead({
    rawHeaders: request.rawHeaders,
    method,
    url: request.url ?? "/",
    httpVersion: request.httpVersion,
    address,
    keyHeader: header?.toLowerCase(),
    keyCookie: cookie,
  });
  const { generation } = edge.route();
  edge.counters.open += 1;
  const [at, began] = [edge.clock.now(), edge.clock.elapsed()];
  return { at, began, method, head, backend: null, generation, by: null, why: null, flags: null };
}

/** Take the route of this moment. Null: there is no backend. */
export function takeRoute(edge: Edge, of: Visit): Backend | null {
  const { backend, generation } = edge.route();
  of.backend = backend;
  of.generation = generation;
  return backend;
}

/** What the edge says by itself, and why. Texts are short and plain: they reach end users. */
export const edgeAnswers = {
  "no-backend": { status: 503, text: "Service unavailable: nothing serves here at the moment." },
  "hold-full": {
    status: 503,
    text: "Service unavailable: too many requests wait. Please try again shortly.",
  },
  "hold-timeout": { status: 503, text: "Service unavailable for a moment. Please try again shortly." },
  stopping: { status: 503, text: "Service unavailable for a moment. Please try again shortly." },
  "bad-request": { status: 400, text: "Bad request." },
  "client-stalled": { status: 408, text: "Request timeout." },
  "bad-coding": { status: 501, text: "Not implemented: transfer coding." },
  refused: { status: 502, text: "Bad gateway: the app refused the connection." },
  reset: { status: 502, text: "Bad gateway: the app closed the connection." },
  unreachable: { status: 502, text: "Bad gateway: the app can't be reached." },
  "bad-answer": { status: 502, text: "Bad gateway: the app's answer was not valid HTTP." },
  stalled: { status: 504, text: "Gateway timeout: the app did not answer." },
} as const;
export type EdgeWhy = keyof typeof edgeAnswers;

/** Seconds for Retry-After. */
export const retryAfterS = 2;

export function whyOf(error: NodeJS.ErrnoException): EdgeWhy {
  const code = error.code ?? "";
  if (code === "ECONNREFUSED") return "refused";
  if (code === "ECONNRESET" || code === "EPIPE") return "reset";
  return code.startsWith("HPE_") ? "bad-answer" : "unreachable";
}

/** Run something for one request: a bug in it ends that request alone, and is counted and told. */
export function guarded(edge: Edge, end: () => void, work: () => void): void {
  try {
    work();
  } catch (error) {
    edge.counters.uncaught += 1;
    edge.say("uncaught", { what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    end();
  }
}

export function logVisit(edge: Edge, of: Visit, status: number, aborted: boolean): void {
  edge.counters.open -= 1;
  edge.counters.requests += 1;
  const { asker, account, session, agent, target } = of.head;
  edge.log.add(
    accessLine({
      at: of.at,
      backend: of.backend,
      client: clientKey({ address: asker, agent, account, session }),
      method: of.method,
      target,
      status,
      ms: edge.clock.elapsed() - of.began,
      by: of.by ?? (status >= 500 ? "app" : null),
      why: of.why,
      flags: of.flags,
      aborted,
      generation: of.generation,
    }),
  );
}
