// Plays an empty swarm for `docker stack deploy` and writes down what it would create. Exactly the client's own reading
// of the user's files, with no second reading of ours that could differ; the real engine is not asked and not touched.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Answered, Asked } from "./config.ts";

const named = z.looseObject({ Name: z.string() });
export type Named = z.infer<typeof named>;

/** Bodies of the requests, by what they create. */
export type Recorded = {
  /** Version of the Engine API that the bodies are written in, e.g. `1.41`. */
  readonly api: string;
  readonly services: readonly Named[];
  readonly networks: readonly Named[];
  readonly secrets: readonly Named[];
  readonly configs: readonly Named[];
};

/** The least that knows all of swarm's services; engines down to 20.10 speak it. */
const api = "1.41";
const headers = { "api-version": api, ostype: "linux", "content-type": "application/json" };
const creates = /^\/v[\d.]+\/(services|networks|secrets|configs)\/create$/;
const lists = /^\/v[\d.]+\/(services|networks)$/;
const byNames = /^\/v[\d.]+\/(secrets|configs)$/;
const oneNetwork = /^\/v[\d.]+\/networks\/([^/]+)$/;

export type Recorder = {
  answer(asked: Asked): Answered;
  /** What was written down; `failed` where the client wanted something that we can't play. */
  recorded(): Result<Recorded>;
};

export function recorder(): Recorder {
  const made = {
    services: [] as Named[],
    networks: [] as Named[],
    secrets: [] as Named[],
    configs: [] as Named[],
  };
  const unknown: string[] = [];
  return {
    answer(asked) {
      const [, kind] = creates.exec(asked.path) ?? [];
      if (asked.method !== "POST" || kind === undefined) return read(asked, unknown);
      const body = named.safeParse(parseJson(asked.body));
      if (!body.success) return say(400, { message: "a body without a name" });
      made[kind as keyof typeof made].push(body.data);
      return say(201, { ID: body.data.Name, Id: body.data.Name });
    },
    recorded: () => (unknown.length === 0 ? ok({ api, ...made }) : unplayed(unknown)),
  };
}

function read({ method, path, query }: Asked, unknown: string[]): Answered {
  if (path.endsWith("/_ping")) return say(200, "OK");
  if (path.endsWith("/info"))
    return say(200, { Swarm: { ControlAvailable: true, LocalNodeState: "active" } });
  if (path.endsWith("/version")) return say(200, { ApiVersion: api, MinAPIVersion: "1.24", Os: "linux" });
  if (lists.test(path)) return say(200, []);
  // Everything that is looked up by name counts as there: whether it is, is asked of the engine before it is needed.
  if (byNames.test(path)) {
    return say(
      200,
      namesIn(query).map((name) => ({ ID: name, Spec: { Name: name } })),
    );
  }
  const [, network] = oneNetwork.exec(path) ?? [];
  if (network !== undefined)
    return say(200, { Id: network, Name: decodeURIComponent(network), Scope: "swarm" });
  // An unknown secret is one to be created.
  if (!/\/(secrets|configs|services)\//.test(path)) unknown.push(`${method} ${path}`);
  return say(404, { message: `not found: ${path}` });
}

const nameFilter = z.object({ name: z.record(z.string(), z.boolean()) });

function namesIn(query: string): readonly string[] {
  const filters = new URLSearchParams(query).get("filters") ?? "";
  const parsed = nameFilter.safeParse(parseJson(filters));
  return parsed.success ? Object.keys(parsed.data.name) : [];
}

function say(status: number, body: unknown): Answered {
  return { status, headers, body: JSON.stringify(body) };
}

function unplayed(unknown: readonly string[]): Result<never> {
  return problem(
    "failed",
    `the docker client asked for something that we do not know: ${unknown[0]}`,
    "tell us about it, with the version of the docker client",
  );
}
