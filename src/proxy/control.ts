// The control side: plain JSON over HTTP on a unix socket that only its owner can open.
import { chmod, unlink } from "node:fs/promises";
import http from "node:http";
import { connect } from "node:net";
import { z } from "zod";
import { routeChange } from "./route.ts";
import type { ChangeOutcome, RouteKeeper } from "./route-keeper.ts";

const bodyBytes = 64 * 1024;
const answerMs = 10_000;

const stopRequest = z.strictObject({ op: z.string(), epoch: z.int().min(0) });

export type ControlDeps = {
  readonly keeper: RouteKeeper;
  inFlight(instance: string): number;
  stats(): object;
  /** Begin to stop; does not wait. */
  stop(op: string): void;
};

type Answer = { readonly status: number; readonly body: object };

/** Is somebody answering there? A socket file without a process behind it refuses. */
export function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Throws where the socket can't be made. */
export async function listenControl(path: string, deps: ControlDeps): Promise<http.Server> {
  const server = http.createServer(
    { requestTimeout: answerMs, headersTimeout: answerMs },
    (request, response) => {
      route(deps, request)
        .catch((error: Error): Answer => ({ status: 500, body: { reason: "failed", what: error.message } }))
        .then(({ status, body }) => {
          const text = JSON.stringify(body);
          response.writeHead(status, { "content-type": "application/json", connection: "close" });
          response.end(`${text}\n`);
        })
        .catch(() => response.destroy());
    },
  );
  await unlink(path).catch(() => undefined);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  await chmod(path, 0o600);
  return server;
}

async function route(deps: ControlDeps, request: http.IncomingMessage): Promise<Answer> {
  const url = new URL(request.url ?? "/", "http://control");
  const asked = `${request.method} ${url.pathname}`;
  if (asked === "GET /state") return { status: 200, body: deps.keeper.now() };
  if (asked === "GET /stats") return { status: 200, body: deps.stats() };
  if (asked === "GET /in-flight") {
    return { status: 200, body: { inFlight: deps.inFlight(url.searchParams.get("instance") ?? "") } };
  }
  if (asked === "POST /change") return change(deps, await jsonOf(request));
  if (asked === "POST /stop") return stop(deps, await jsonOf(request));
  return { status: 404, body: { reason: "usage", what: `no such call: ${asked}` } };
}

async function change(deps: ControlDeps, body: unknown): Promise<Answer> {
  const wanted = routeChange.safeParse(body);
  if (!wanted.success) return { status: 400, body: { reason: "usage", what: z.prettifyError(wanted.error) } };
  return changeAnswer(await deps.keeper.change(wanted.data));
}

function changeAnswer(outcome: ChangeOutcome): Answer {
  const { state } = outcome;
  if (outcome.is === "changed") return { status: 200, body: state };
  if (outcome.is === "refused") {
    return { status: 409, body: { reason: outcome.reason, what: refusal(outcome.reason, state), state } };
  }
  const { error } = outcome;
  const what = `the route could not be saved, so the old one stays: ${error.message}`;
  return { status: 500, body: { reason: saveReasons[error.code ?? ""] ?? "failed", what, state } };
}

const saveReasons: Readonly<Record<string, "no-space" | "read-only">> = {
  ENOSPC: "no-space",
  EDQUOT: "no-space",
  EROFS: "read-only",
  EACCES: "read-only",
  EPERM: "read-only",
};

function refusal(
  reason: "conflict" | "fenced",
  state: { generation: number; epoch: number; op: string | null },
): string {
  if (reason === "fenced") return `a controller with a higher epoch (${state.epoch}) has taken over`;
  return `the route was changed in the meantime: it is at generation ${state.generation}, by ${state.op ?? "nobody"}`;
}

async function stop(deps: ControlDeps, body: unknown): Promise<Answer> {
  const wanted = stopRequest.safeParse(body);
  if (!wanted.success) return { status: 400, body: { reason: "usage", what: z.prettifyError(wanted.error) } };
  if (!(await deps.keeper.admit(wanted.data.epoch))) {
    return { status: 409, body: { reason: "fenced", what: refusal("fenced", deps.keeper.now()) } };
  }
  deps.stop(wanted.data.op);
  return { status: 200, body: { stopping: true } };
}

async function jsonOf(request: http.IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    size += piece.length;
    if (size > bodyBytes) return null;
    pieces.push(piece);
  }
  try {
    return JSON.parse(Buffer.concat(pieces).toString("utf8"));
  } catch {
    return null;
  }
}
