// Containers of a compose project: state, health, restarts, since when, and whether memory ran out.
import { z } from "zod";
import { bad, type Look, span, unknown, warn, well } from "../../core/doctor/look.ts";
import { type JsonObject, parseJson } from "../../core/json.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import { askText } from "./ask.ts";

export type ContainersConfig = {
  /** Sets of labels, as `name=value`: what carries all of a set is looked at. */
  readonly labels: readonly (readonly string[])[];
};

const inspected = z.array(
  z.object({
    Name: z.string(),
    RestartCount: z.number(),
    State: z.object({
      Status: z.string(),
      OOMKilled: z.boolean(),
      ExitCode: z.number(),
      StartedAt: z.string(),
      FinishedAt: z.string(),
      Health: z.object({ Status: z.string() }).nullish(),
    }),
    Config: z.object({ Image: z.string(), Labels: z.record(z.string(), z.string()).nullish() }),
    HostConfig: z.object({ RestartPolicy: z.object({ Name: z.string() }) }),
  }),
);
type Container = z.infer<typeof inspected>[number];

export function containers({ labels }: ContainersConfig, deps: { host: Host; clock: Clock }): Check {
  return {
    name: "containers",
    about: "",
    next: "Look whether the Docker daemon hangs: systemctl status docker",
    async look(signal) {
      const listed = await Promise.all(labels.map((set) => idsWith(set, deps.host, signal)));
      const failed = listed.find((one) => !one.ok);
      if (failed && !failed.ok) return failed;
      const ids = [...new Set(listed.flatMap((one) => (one.ok ? one.value : [])))];
      if (ids.length === 0) return ok([unknown("", "there are no containers of this app")]);
      const text = await askText(deps.host, ["docker", "inspect", "--type", "container", ...ids], signal);
      return text.ok ? read(text.value, deps.clock.now()) : told(text.error.what);
    },
  };
}

async function idsWith(
  set: readonly string[],
  host: Host,
  signal: AbortSignal,
): Promise<Result<readonly string[]>> {
  const filters = set.flatMap((label) => ["--filter", `label=${label}`]);
  const text = await askText(host, ["docker", "ps", "-a", "-q", "--no-trunc", ...filters], signal);
  if (!text.ok) return text.error.code === "failed" ? told(text.error.what) : text;
  return ok(text.value.split("\n").filter((line) => line !== ""));
}

function told(what: string): Result<never> {
  return problem("failed", what, "Start the Docker daemon: systemctl start docker");
}

function read(text: string, now: number): Result<readonly Look[]> {
  const parsed = inspected.safeParse(parseJson(text));
  if (!parsed.success) return problem("failed", "docker inspect gave no list", "docker version");
  const looks = parsed.data.map((one) => lookAt(one, now));
  return ok(looks.filter((look) => look !== null));
}

/** Null for what has done its work and is not meant to run. */
function lookAt(container: Container, now: number): Look | null {
  const { State: state, RestartCount: restarts } = container;
  const labels = container.Config.Labels ?? {};
  const name = container.Name.replace(/^\//, "");
  const part = labels["com.docker.compose.service"] ?? labels["lastgood.service"] ?? name;
  const logs = `lastgood logs ${part}`;
  const forMs = Math.max(0, now - Date.parse(state.StartedAt));
  const data: JsonObject = {
    part,
    image: container.Config.Image,
    state: state.Status,
    health: state.Health?.Status ?? null,
    restarts,
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    startedAt: Date.parse(state.StartedAt),
  };
  const memory = state.OOMKilled ? ", it ran out of memory" : "";
  if (state.Status === "restarting")
    return bad(
      name,
      `dies again and again: ${restarts} restarts, exit ${state.ExitCode}${memory}`,
      logs,
      data,
    );
  if (state.Status !== "running") return stoppedLook(name, container, { memory, logs, now, data });
  if (state.Health?.Status === "unhealthy")
    return bad(name, `unhealthy since its check failed${memory}`, logs, data);
  if (state.Health?.Status === "starting") return warn(name, `starting for ${span(forMs)}`, logs, data);
  if (restarts > 0 || state.OOMKilled)
    return warn(name, `up ${span(forMs)}, after ${restarts} restarts${memory}`, logs, data);
  return well(name, `${state.Health?.Status === "healthy" ? "healthy" : "up"} ${span(forMs)}`, data);
}

type Seen = {
  readonly memory: string;
  readonly logs: string;
  readonly now: number;
  readonly data: JsonObject;
};

function stoppedLook(name: string, container: Container, { memory, logs, now, data }: Seen): Look | null {
  const { State: state, HostConfig: host } = container;
  const labels = container.Config.Labels ?? {};
  const once = labels["com.docker.compose.oneoff"] === "True" || host.RestartPolicy.Name === "no";
  const ours = labels["lastgood.release"] !== undefined;
  const ended = `ended ${span(Math.max(0, now - Date.parse(state.FinishedAt)))} ago, exit ${state.ExitCode}${memory}`;
  if (ours) return well(name, `${ended}; kept to look at`, data);
  if (once) return state.ExitCode === 0 ? null : warn(name, ended, logs, data);
  return bad(name, ended, logs, data);
}
