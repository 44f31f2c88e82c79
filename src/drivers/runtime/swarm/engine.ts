// Talks to a manager's Engine API over its socket. Answers are checked for the fields that we use; others pass.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { HttpClient } from "../../../ports/http-client.ts";

const readMs = 10_000;
const writeMs = 30_000;

export type Engine = {
  get<T>(
    path: string,
    shape: z.ZodType<T>,
    query?: Readonly<Record<string, string>>,
  ): Promise<Result<Read<T>>>;
  post(
    path: string,
    body: unknown,
    query?: Readonly<Record<string, string>>,
    signal?: AbortSignal,
  ): Promise<Result<Said>>;
  remove(path: string): Promise<Result<Said>>;
};

/** Null where the engine says that there is no such thing. `at` is the engine's own clock, milliseconds since 1970. */
export type Read<T> = { readonly value: T | null; readonly at: number };
/** A refusal is no error here: what it means depends on what was asked. */
export type Said = { readonly status: number; readonly message: string; readonly json: unknown };

export function engine(http: HttpClient, socket: string): Engine {
  const ask = async (
    method: "GET" | "POST" | "DELETE",
    path: string,
    query: Readonly<Record<string, string>>,
    timeoutMs: number,
    rest: { readonly body?: string; readonly signal?: AbortSignal } = {},
  ) => {
    const text = Object.keys(query).length === 0 ? "" : `?${new URLSearchParams(query)}`;
    const headers = rest.body === undefined ? {} : { "content-type": "application/json" };
    return http.request({
      method,
      url: `http://docker${path}${text}`,
      socketPath: socket,
      headers,
      timeoutMs,
      ...rest,
    });
  };
  return {
    async get(path, shape, query = {}) {
      const answer = await ask("GET", path, query, readMs);
      if (!answer.ok) return answer;
      const at = Date.parse(answer.value.headers["date"] ?? "");
      if (answer.value.status === 404) return ok({ value: null, at });
      const parsed = parseJson(answer.value.body);
      if (answer.value.status >= 300) return refused(answer.value.status, messageOf(parsed));
      const checked = shape.safeParse(parsed);
      if (!checked.success) return strange(path, checked.error);
      return ok({ value: checked.data, at });
    },
    async post(path, body, query = {}, signal) {
      const rest = { body: JSON.stringify(body), ...(signal ? { signal } : {}) };
      return said(await ask("POST", path, query, writeMs, rest));
    },
    remove: async (path) => said(await ask("DELETE", path, {}, writeMs)),
  };
}

function said(answer: Awaited<ReturnType<HttpClient["request"]>>): Result<Said> {
  if (!answer.ok) return answer;
  const json = parseJson(answer.value.body);
  return ok({ status: answer.value.status, message: messageOf(json), json });
}

/** What the engine refuses for a reason of its own. */
export function refused(status: number, message: string): Result<never> {
  if (/not a swarm manager|not part of a swarm/i.test(message)) {
    return problem(
      "config",
      `this engine is no manager of a swarm: ${message}`,
      "name the socket of a manager",
    );
  }
  return problem(
    "failed",
    `the engine refused (${status}): ${message}`,
    "look at the swarm: docker node ls, docker service ls",
  );
}

const complaint = z.object({ message: z.string() });

function messageOf(body: unknown): string {
  const parsed = complaint.safeParse(body);
  return parsed.success ? parsed.data.message : "it gave no reason";
}

function strange(path: string, error: z.ZodError): Result<never> {
  const where = error.issues[0]?.path.join(".") ?? "";
  return problem(
    "failed",
    `the engine's answer to ${path} is not understood (${where})`,
    "check that it is a Docker engine of version 20.10 or newer",
  );
}
