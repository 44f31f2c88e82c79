// Tasks in a compose stack: one container for each, in the release's image and environment, kept until the release goes.
import type { Release } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import type { Task, TaskState, Tasks } from "../../ports/tasks.ts";
import { lastWords } from "../docker/cli.ts";
import { findContainers, lastLinesOf, removeContainer, stopContainer } from "../docker/containers.ts";
import type { Container } from "../docker/inspect.ts";
import { imageTag, labels, taskName } from "../docker/names.ts";
import type { ComposeRuntimeConfig, ComposeRuntimeDeps } from "../runtime/compose/config.ts";
import { startFile } from "../runtime/compose/file.ts";
import { type ComposeRoom, composeRoom } from "../runtime/compose/room.ts";
import type { ComposeSpec } from "../runtime/compose/spec.ts";
import { ensureReady, specIn } from "../runtime/compose/start.ts";

const CREATE_MS = 60_000;
const STOP_GRACE_MS = 10_000;
/** The client that waits may go away with its engine; the task may not. */
const WAIT_AGAIN_MS = 200;

/** Beside the runtime of the same config: they share its release store and its fence. */
export function composeTasks(config: ComposeRuntimeConfig, deps: ComposeRuntimeDeps): Tasks {
  const room = composeRoom(config, deps);
  return {
    state: async (op) => {
      const found = await ofOp(room, op);
      return found.ok ? ok(await stateOf(room, found.value)) : found;
    },
    run: (op, release, task) => room.mutate(op, `task ${op.id}`, () => run(room, op, release, task)),
  };
}

async function ofOp({ docker, config }: ComposeRoom, op: string): Promise<Result<Container | null>> {
  const found = await findContainers(docker, {
    [labels.kind]: "task",
    [labels.app]: config.app,
    [labels.env]: config.env,
    [labels.op]: op,
  });
  return found.ok ? ok(found.value[0] ?? null) : found;
}

/** Created and never started is absent: nothing of it has run. */
async function stateOf(room: ComposeRoom, container: Container | null): Promise<TaskState> {
  if (container === null || neverRan(container)) return { is: "absent" };
  if (isRunning(container)) return { is: "running" };
  const { labels: has, exitCode } = container;
  const redact = await room.redactorOf(has[labels.release] ?? "", has[labels.service] ?? "");
  const lastLines = redact === null ? [] : await lastLinesOf(room.docker, container.id, redact);
  return { is: "ended", exitCode, lastLines };
}

function neverRan({ startedAt, status }: Container): boolean {
  return startedAt === null && !isRunning({ status });
}

function isRunning({ status }: Pick<Container, "status">): boolean {
  return status === "running" || status === "paused" || status === "restarting";
}

async function run(room: ComposeRoom, op: Op, release: Release, task: Task): Promise<Result<TaskState>> {
  const until = room.deps.clock.elapsed() + task.timeoutMs;
  const found = await ofOp(room, op.id);
  if (!found.ok) return found;
  if (found.value !== null && !neverRan(found.value)) return untilEnd(room, op, task, until);
  const begun = await begin(room, op, release, task, found.value);
  return begun.ok ? untilEnd(room, op, task, until) : begun;
}

/**
 * Create, look, then start: what another controller may have run meanwhile under the same op is never started again.
 * A client that is killed in between leaves a container that never ran.
 */
async function begin(
  room: ComposeRoom,
  op: Op,
  release: Release,
  task: Task,
  leftover: Container | null,
): Promise<Result<void>> {
  const { docker, deps, fence } = room;
  const spec = specIn(release, task.service);
  if (!spec.ok) return spec;
  const stored = await ensureReady(room, op, task.service, release, spec.value);
  if (!stored.ok) return stored;
  if (leftover !== null) {
    const gone = await removeContainer(docker, deps.clock, op, leftover.id);
    if (!gone.ok) return gone;
  }
  const created = await create(room, op, release, task, spec.value, stored.value);
  if (!created.ok) return created;
  const still = await fence.still(op);
  if (!still.ok) return still;
  const { id } = created.value;
  const started = await docker.run({ args: ["start", id], effect: "write", op: op.id, signal: op.signal });
  if (!started.ok || started.value.exitCode === 0) return started.ok ? ok(undefined) : started;
  const redact = (await room.redactorOf(release.id, task.service)) ?? (() => "its words cannot be shown");
  return problem(
    "failed",
    `${task.argv[0]} cannot be started: ${redact(lastWords(started.value))}`,
    "correct the command of the task, then deploy again",
  );
}

async function create(
  room: ComposeRoom,
  op: Op,
  release: Release,
  task: Task,
  spec: ComposeSpec,
  stored: string,
): Promise<Result<Container>> {
  const { config, docker, where } = room;
  const { service } = task;
  const name = taskName(spec.project, service, op.id);
  const folder = where.service(release.id, service);
  const file = startFile({
    stored,
    service,
    folder,
    instance: name,
    image: imageTag(spec.project, service, release.id),
    copies: 1,
    once: task.argv,
    labels: {
      [labels.kind]: "task",
      [labels.app]: config.app,
      [labels.env]: config.env,
      [labels.service]: service,
      [labels.release]: release.id,
      [labels.op]: op.id,
      [labels.epoch]: String(op.epoch),
    },
  });
  const ended = await docker.run({
    args: [
      "compose",
      "--project-name",
      name,
      "--project-directory",
      folder,
      "--file",
      "-",
      "up",
      "--no-start",
      "--no-build",
      "--no-deps",
      "--no-recreate",
    ],
    effect: "write",
    op: op.id,
    timeoutMs: CREATE_MS,
    stdin: JSON.stringify(file),
    signal: op.signal,
  });
  if (!ended.ok) return ended;
  const found = await ofOp(room, op.id);
  if (!found.ok) return found;
  if (found.value !== null && neverRan(found.value)) return ok(found.value);
  if (found.value !== null)
    return problem(
      "conflict",
      `${task.argv[0]} was started by somebody else meanwhile`,
      "look what became of it, then deploy again",
    );
  const redact = (await room.redactorOf(release.id, service)) ?? (() => "its words cannot be shown");
  return problem(
    "failed",
    `the container for ${task.argv[0]} cannot be made: ${redact(lastWords(ended.value))}`,
    "mend what docker says, then deploy again",
  );
}

async function untilEnd(room: ComposeRoom, op: Op, task: Task, until: number): Promise<Result<TaskState>> {
  const { docker, deps } = room;
  for (;;) {
    const found = await ofOp(room, op.id);
    if (!found.ok) return found;
    const container = found.value;
    if (container === null || !isRunning(container)) return ok(await stateOf(room, container));
    const leftMs = until - deps.clock.elapsed();
    if (leftMs <= 0) return outOfTime(room, op, task, container);
    const waited = await docker.run({
      args: ["wait", container.id],
      effect: "read",
      timeoutMs: leftMs,
      signal: op.signal,
    });
    if (!waited.ok && waited.error.code === "timeout") continue;
    if (!waited.ok) return waited;
    if (waited.value.exitCode !== 0) await deps.clock.sleep(WAIT_AGAIN_MS, op.signal);
  }
}

async function outOfTime(
  room: ComposeRoom,
  op: Op,
  task: Task,
  container: Container,
): Promise<Result<never>> {
  const stopped = await stopContainer(room.docker, op, container, STOP_GRACE_MS);
  if (!stopped.ok) return stopped;
  return problem(
    "timeout",
    `${task.argv[0]} did not end within ${Math.round(task.timeoutMs / 1000)} s and was stopped`,
    "see how far it came, allow it more time with timeout:, then deploy again",
  );
}
