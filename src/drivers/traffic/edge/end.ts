// Takes an edge container down, after what is in flight in it.
import { limits } from "../../../core/limits.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Docker } from "../../docker/cli.ts";
import type { Container } from "../../docker/inspect.ts";
import { nameOf } from "./config.ts";
import { act, look } from "./docker.ts";
import { forgetJoin } from "./join.ts";
import type { EdgePlace } from "./place.ts";
import { closeWaitingRoom } from "./room.ts";

const endPollMs = 50;
const stopSlackMs = 10_000;

/** End it: it finishes what is in flight. It is kept, stopped, with its route. `fenced` on a lower epoch. */
export async function shutDownEdge({ config, control, deps }: EdgePlace, op: Op): Promise<Result<void>> {
  const { docker } = deps;
  const name = nameOf(config);
  const there = await look(docker, name);
  if (!there.ok) return there;
  if (there.value === null || there.value.status !== "running")
    return await stayDown(docker, name, there.value);
  // Docker starts again whatever ends by itself; ensureEdge sets this back.
  const free = await act(docker, ["update", "--restart", "no", name], op.id);
  if (!free.ok) return free;
  const asked = await control.stop(op);
  if (!asked.ok) {
    const back = await act(docker, ["update", "--restart", "always", name], op.id);
    return back.ok ? asked : back;
  }
  const until = deps.clock.elapsed() + (config.tuning?.stopGraceMs ?? limits.drainDefaultMs) + stopSlackMs;
  for (;;) {
    const now = await look(docker, name);
    if (!now.ok) return now;
    if (now.value?.status !== "running") return ok(undefined);
    if (op.signal.aborted)
      return problem("cancelled", "waiting for the edge's end was called off", "ask again");
    if (deps.clock.elapsed() >= until)
      return problem("timeout", `the edge ${name} did not end`, `end it by hand: docker stop ${name}`);
    await deps.clock.sleep(endPollMs, op.signal);
  }
}

async function stayDown(docker: Docker, name: string, now: Container | null): Promise<Result<void>> {
  if (now === null || now.restartPolicy === "no") return ok(undefined);
  const stopped = await act(docker, ["update", "--restart", "no", name]);
  if (!stopped.ok) return stopped;
  if (now.status !== "restarting") return ok(undefined);
  const ended = await act(docker, ["stop", name]);
  return ended.ok ? ok(undefined) : ended;
}

/** The container with its names and ports is gone; what it kept on disk (route, access log) stays. */
export async function removeEdge(place: EdgePlace, op: Op): Promise<Result<void>> {
  const down = await shutDownEdge(place, op);
  if (!down.ok) return down;
  const forgotten = await forgetJoin(place);
  if (!forgotten.ok) return forgotten;
  const { config, deps } = place;
  const removed = await act(deps.docker, ["rm", "--volumes", nameOf(config)], op.id);
  if (!removed.ok && removed.error.code !== "missing") return removed;
  return await closeWaitingRoom(deps.docker, config, op);
}
