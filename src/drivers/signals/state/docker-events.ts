// What a Docker engine remembers of its containers' lives: asked over its socket, or by the client.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Host } from "../../../ports/host.ts";
import type { HttpClient } from "../../../ports/http-client.ts";
import { askText } from "../../checks/ask.ts";

const raw = z.object({
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  timeNano: z.number(),
});

export type DockerEvent = {
  readonly action: string;
  readonly id: string;
  readonly name: string;
  /** Labels, image, name, and what the action brings: `exitCode`, `signal`. */
  readonly attributes: Readonly<Record<string, string>>;
  /** Nanoseconds since 1970, as digits. */
  readonly nano: string;
};

export type EventReader = {
  /** What happened after a time of the engine, oldest first; and how many lines could not be read. */
  since(
    nano: string,
  ): Promise<Result<{ readonly events: readonly DockerEvent[]; readonly unparsed: number }>>;
};

const actions = ["die", "oom", "kill", "start", "health_status", "destroy"];
const answerMs = 5_000;

/** `socketOf`: the engine's socket, where it is one of this machine; null: the client of `host` is asked. */
export function eventReader(deps: {
  readonly host: Host;
  readonly http: HttpClient;
  readonly nowMs: () => number;
  readonly socketOf: () => Promise<string | null>;
}): EventReader {
  return {
    async since(nano) {
      const socket = await deps.socketOf();
      const text = socket === null ? await byClient(nano, deps.host) : await bySocket(nano, socket, deps);
      return text.ok ? ok(parse(text.value, nano)) : text;
    },
  };
}

/** `0s`: until now by the client's own clock, which is the engine's wherever the host is. */
function byClient(nano: string, host: Host): Promise<Result<string>> {
  const filters = actions.flatMap((action) => ["--filter", `event=${action}`]);
  const argv = [
    ...["docker", "events", "--since", seconds(nano), "--until", "0s", "--format", "{{json .}}"],
    ...["--filter", "type=container", ...filters],
  ] as unknown as readonly [string, ...string[]];
  return askText(host, argv, new AbortController().signal);
}

async function bySocket(
  nano: string,
  socketPath: string,
  { http, nowMs }: { readonly http: HttpClient; readonly nowMs: () => number },
): Promise<Result<string>> {
  const filters = encodeURIComponent(JSON.stringify({ type: ["container"], event: actions }));
  const url = `http://docker/events?since=${seconds(nano)}&until=${(nowMs() / 1_000).toFixed(3)}&filters=${filters}`;
  const answer = await http.request({ method: "GET", url, socketPath, timeoutMs: answerMs });
  if (!answer.ok) return answer;
  const { status, body } = answer.value;
  return status === 200
    ? ok(body)
    : problem("failed", `the docker engine answered ${status}: ${body.slice(0, 200)}`, "docker events");
}

function seconds(nano: string): string {
  const digits = nano.padStart(10, "0");
  return `${digits.slice(0, -9)}.${digits.slice(-9)}`;
}

/** Lines of JSON, one an event. Those at `after` itself were there the last time. */
function parse(text: string, after: string) {
  const events: DockerEvent[] = [];
  let unparsed = 0;
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const read = raw.safeParse(parseJson(line));
    // A number of JavaScript would lose the last digits of the time.
    const nano = /"timeNano":\s*(\d+)/.exec(line)?.[1];
    if (!read.success || nano === undefined) {
      unparsed += 1;
      continue;
    }
    if (BigInt(nano) <= BigInt(after)) continue;
    const { Action: action, Actor: actor } = read.data;
    const { ID: id, Attributes: attributes } = actor;
    events.push({ action, id, name: attributes["name"] ?? id.slice(0, 12), attributes, nano });
  }
  return { events, unparsed };
}
