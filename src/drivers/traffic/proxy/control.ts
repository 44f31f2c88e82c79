// Calls to the embedded proxy's control socket, and what its answers mean.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { limits } from "../../../core/limits.ts";
import { ok, type ProblemCode, problem, type Result } from "../../../core/result.ts";
import type { HttpAnswer, HttpClient } from "../../../ports/http-client.ts";
import type { Op } from "../../../ports/op.ts";
import type { RouteChange, RouteState } from "../../../ports/traffic.ts";

const backend = z.object({ release: z.string(), instance: z.string(), url: z.string() });
const state = z.object({
  generation: z.number(),
  op: z.string().nullable(),
  backend: backend.nullable(),
  held: z.boolean(),
  epoch: z.number(),
});
const inFlight = z.object({ inFlight: z.number() });
const stats = z.object({
  pid: z.number(),
  listen: z.object({ host: z.string(), port: z.number() }),
  stopping: z.boolean(),
});
const refusal = z.object({ reason: z.string(), what: z.string() });

export type ProxyStats = z.infer<typeof stats>;

export type ProxyControl = {
  state(): Promise<Result<RouteState>>;
  change(op: Op, expected: number, change: RouteChange): Promise<Result<RouteState>>;
  inFlight(instance: string): Promise<Result<number>>;
  stats(): Promise<Result<ProxyStats>>;
  stop(op: Op): Promise<Result<void>>;
};

type Call = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly body?: object;
  readonly signal?: AbortSignal;
};

export function proxyControl(http: HttpClient, socket: string): ProxyControl {
  async function call<T>({ method, path, body, signal }: Call, shape: z.ZodType<T>): Promise<Result<T>> {
    const answer = await http.request({
      method,
      url: `http://proxy${path}`,
      socketPath: socket,
      timeoutMs: limits.probeTimeoutMs,
      ...(body && { body: JSON.stringify(body), headers: { "content-type": "application/json" } }),
      ...(signal && { signal }),
    });
    return answer.ok ? read(answer.value, shape, socket) : answer;
  }

  return {
    state: () => call({ method: "GET", path: "/state" }, state),
    change: ({ id, epoch, signal }, expected, { backend, held }) =>
      call(
        { method: "POST", path: "/change", body: { op: id, epoch, expected, backend, held }, signal },
        state,
      ),
    async inFlight(instance) {
      const path = `/in-flight?instance=${encodeURIComponent(instance)}`;
      const answer = await call({ method: "GET", path }, inFlight);
      return answer.ok ? ok(answer.value.inFlight) : answer;
    },
    stats: () => call({ method: "GET", path: "/stats" }, stats),
    async stop({ id, epoch, signal }) {
      const answer = await call(
        { method: "POST", path: "/stop", body: { op: id, epoch }, signal },
        z.unknown(),
      );
      return answer.ok ? ok(undefined) : answer;
    },
  };
}

const nexts: Readonly<Partial<Record<ProblemCode, string>>> = {
  conflict: "read the route again and plan anew: somebody else changed it",
  fenced: "leave it to the controller that took over",
  "no-space": "free space on the proxy's disk, then try again",
  "read-only": "make the proxy's state folder writable, then try again",
};

function read<T>(answer: HttpAnswer, shape: z.ZodType<T>, socket: string): Result<T> {
  const body = parseJson(answer.body);
  if (answer.status === 200) {
    const value = shape.safeParse(body);
    if (value.success) return ok(value.data);
    return problem(
      "failed",
      "the proxy's answer was not understood",
      "restart the proxy with this version",
      socket,
    );
  }
  const said = refusal.safeParse(body);
  const what = said.success ? said.data.what : `the proxy answered ${answer.status}`;
  const code = codeOf(said.success ? said.data.reason : "");
  return problem(code, what, nexts[code] ?? "look into proxy.log beside the proxy's state", socket);
}

function codeOf(reason: string): ProblemCode {
  const known: readonly ProblemCode[] = ["conflict", "fenced", "no-space", "read-only"];
  return known.find((code) => code === reason) ?? "failed";
}
