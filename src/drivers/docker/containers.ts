// Finds containers by their labels, removes and stops them, and reads their output.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Docker } from "./cli.ts";
import { type Container, parseContainers } from "./inspect.ts";
import { labelFilters } from "./names.ts";

const GONE = /no such (container|object)/i;
const UNDER_WAY = /removal of container .* is already in progress/i;
const REMOVE_TRIES = 40;
const REMOVE_EVERY_MS = 100;

/** All with these labels, running or not, newest first. */
export async function findContainers(
  docker: Docker,
  wanted: Readonly<Record<string, string>>,
): Promise<Result<readonly Container[]>> {
  const quick = await docker.looks?.ids(wanted);
  if (quick) return quick.ok ? inspectContainers(docker, quick.value) : quick;
  const args = ["ps", "--all", "--no-trunc", "--quiet", ...labelFilters(wanted)];
  const listed = await docker.output({ args, effect: "read" });
  return listed.ok
    ? inspectContainers(
        docker,
        listed.value.split("\n").filter((id) => id !== ""),
      )
    : listed;
}

/** By id or name, newest first. What is gone meanwhile is left out. */
export async function inspectContainers(
  docker: Docker,
  ids: readonly string[],
): Promise<Result<readonly Container[]>> {
  if (ids.length === 0) return ok([]);
  const quick = await docker.looks?.containers(ids);
  if (quick && !quick.ok) return quick;
  const seen = quick ? parseContainers(quick.value) : null;
  return seen === null ? inspectByClient(docker, ids) : ok(newestFirst(seen));
}

async function inspectByClient(
  docker: Docker,
  ids: readonly string[],
): Promise<Result<readonly Container[]>> {
  const args = ["container", "inspect", "--format", "{{json .}}", ...ids];
  const ended = await docker.run({ args, effect: "read" });
  if (!ended.ok) return ended;
  const { stdout, stderr, exitCode, truncated } = ended.value;
  // One that went away between the listing and this look makes the client fail, after it has told of the others.
  const others = stderr.split("\n").filter((line) => line.trim() !== "" && !GONE.test(line));
  if (exitCode !== 0 && others.length > 0) return unreadable(others.join("; "));
  const containers = truncated ? null : parseContainers(stdout);
  if (containers === null) return unreadable("its answer is not what an engine writes");
  return ok(newestFirst(containers));
}

function newestFirst(containers: readonly Container[]): readonly Container[] {
  return containers.toSorted((a, b) => (a.created < b.created ? 1 : a.created > b.created ? -1 : 0));
}

function unreadable(why: string): Result<never> {
  return problem("failed", `docker container inspect: ${why}`, "see what docker ps --all says");
}

/** With its anonymous volumes. No error when it is gone; waits where somebody else is removing it. */
export async function removeContainer(
  docker: Docker,
  clock: Clock,
  op: { readonly id: string; readonly signal: AbortSignal },
  id: string,
): Promise<Result<void>> {
  for (let attempt = 1; ; attempt++) {
    const args = ["rm", "--force", "--volumes", id];
    const ended = await docker.run({ args, effect: "write", op: op.id, signal: op.signal });
    if (!ended.ok) return ended;
    const { exitCode, stderr } = ended.value;
    if (exitCode === 0 || GONE.test(stderr)) return ok(undefined);
    if (!UNDER_WAY.test(stderr) || attempt >= REMOVE_TRIES)
      return problem(
        "failed",
        `container ${id} cannot be removed: ${stderr.trim()}`,
        `see docker inspect ${id}`,
      );
    await clock.sleep(REMOVE_EVERY_MS, op.signal);
  }
}

const STOP_SPARE_MS = 30_000;

/**
 * Ask, wait the grace, kill: the engine does it. Before that its restart policy is taken away, because an engine that
 * is started anew brings back what has `restart: always`, also what a person had stopped.
 */
export async function stopContainer(
  docker: Docker,
  op: { readonly id: string; readonly signal: AbortSignal },
  container: Container,
  graceMs: number,
): Promise<Result<void>> {
  const { id, name, restartPolicy } = container;
  const call = async (args: readonly string[], timeoutMs = STOP_SPARE_MS): Promise<Result<string | null>> => {
    const ended = await docker.run({ args, effect: "write", op: op.id, signal: op.signal, timeoutMs });
    if (!ended.ok) return ended;
    const { exitCode, stderr } = ended.value;
    return ok(exitCode === 0 || GONE.test(stderr) ? null : stderr.trim());
  };
  const stay = ["update", "--restart", "no", id];
  const before = restartPolicy === "no" ? ok(null) : await call(stay);
  if (!before.ok) return before;
  const stopped = await call(["stop", "-t", String(Math.ceil(graceMs / 1000)), id], graceMs + STOP_SPARE_MS);
  if (!stopped.ok) return stopped;
  // The engine refuses it in the moment in which a process has just died; now it is at rest.
  const after = before.value === null ? ok(null) : await call(stay);
  if (!after.ok) return after;
  const words = stopped.value ?? after.value;
  if (words === null) return ok(undefined);
  return problem("failed", `${name} cannot be stopped: ${words}`, `see docker inspect ${name}`);
}

const LINES = 20;
const LINE_CHARACTERS = 500;
/** Of lines that long nobody reads more; a container may log without end. */
const LOG_MS = 5_000;

/** Newest lines of both outputs, redacted. Empty where the engine cannot say (another log driver, gone meanwhile). */
export async function lastLinesOf(
  docker: Docker,
  id: string,
  redact: (text: string) => string,
): Promise<readonly string[]> {
  const args = ["logs", "--tail", String(LINES), "--timestamps", id];
  const ended = await docker.run({ args, effect: "read", timeoutMs: LOG_MS });
  if (!ended.ok || ended.value.exitCode !== 0) return [];
  const { stdout, stderr } = ended.value;
  return mergeByTime(stdout, stderr)
    .slice(-LINES)
    .map((line) => shorten(redact(line)));
}

/** The client writes the two outputs apart; the engine's times bring them into one order again. */
export function mergeByTime(stdout: string, stderr: string): readonly string[] {
  const lines = [stdout, stderr].flatMap((text) => text.split("\n").filter((line) => line !== ""));
  const parted = lines.map((line) => {
    const space = line.indexOf(" ");
    return space < 0
      ? { at: line, text: "" }
      : { at: line.slice(0, space), text: line.slice(space + 1).replace(/\r$/, "") };
  });
  return parted.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0)).map(({ text }) => text);
}

function shorten(line: string): string {
  return line.length > LINE_CHARACTERS ? `${line.slice(0, LINE_CHARACTERS)}…` : line;
}
