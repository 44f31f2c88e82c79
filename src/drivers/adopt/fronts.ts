// Makes a running nginx container look up the names of services again, and proves where it sends requests since.
import { limits } from "../../core/limits.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { HttpClient } from "../../ports/http-client.ts";
import type { Op } from "../../ports/op.ts";
import type { Docker } from "../docker/cli.ts";
import type { Container } from "../docker/inspect.ts";
import type { Front } from "./adopt-plan.ts";
import { withLine, withoutLine } from "./hosts-text.ts";
import { processes } from "./look.ts";

export type FrontDeps = { readonly docker: Docker; readonly http: HttpClient; readonly clock: Clock };

/** `owner`: whose line it is; `ip`: where its names are to lead. */
export type Pointing = { readonly front: Front; readonly owner: string; readonly ip: string };

const proofMs = 15_000;
const proofPauseMs = 50;
/** Answers in a row: right after a reload both generations of workers take new connections. */
const inARow = 3;
const askMs = 5_000;
const releaseHeader = "x-lastgood-release";

/**
 * Write the lines into /etc/hosts of the container, where they last until it is started anew, and reload. The file is
 * written in place: it is a mount, and can't be replaced. Nothing is reloaded that does not pass `nginx -t`.
 */
export async function point(
  deps: FrontDeps,
  op: Op,
  container: Container,
  to: readonly Pointing[],
): Promise<Result<void>> {
  const before = await hostsOf(deps.docker, container);
  if (!before.ok) return before;
  const text = to.reduce((so, { front, owner, ip }) => withLine(so, owner, ip, front.names), before.value);
  if (text !== before.value) {
    const written = await writeHosts(deps.docker, op, container, text);
    if (!written.ok) return written;
  }
  const reloaded = await reload(deps.docker, op, container);
  if (reloaded.ok) return reloaded;
  const back = await writeHosts(deps.docker, op, container, before.value);
  return back.ok ? reloaded : back;
}

/** Take the lines out again: from now on the name system says the same, and goes on being right. No reload needed. */
export async function unpin(
  docker: Docker,
  op: Op,
  container: Container,
  owners: readonly string[],
): Promise<Result<void>> {
  const now = await hostsOf(docker, container);
  if (!now.ok) return now;
  const text = owners.reduce(withoutLine, now.value);
  return text === now.value ? ok(undefined) : await writeHosts(docker, op, container, text);
}

export async function reload(docker: Docker, op: Op, { id, name }: Container): Promise<Result<void>> {
  for (const words of [["-t"], ["-s", "reload"]]) {
    const ended = await docker.run({ args: ["exec", id, "nginx", ...words], effect: "write", op: op.id });
    if (!ended.ok) return ended;
    if (ended.value.exitCode === 0) continue;
    const said = ended.value.stderr.trim().split("\n").at(-1) ?? "";
    const what = `nginx ${words.join(" ")} in ${name} failed: ${said.slice(0, 300)}`;
    return problem("failed", what, `see docker exec ${name} nginx -t; nginx serves on as it was`, name);
  }
  return ok(undefined);
}

/**
 * Ask through nginx until an answer bears the mark of the edge (`through`), or no longer does, some times in a row.
 * `needs-person` where no question reaches the service: then nothing is proved.
 */
export async function prove(
  deps: FrontDeps,
  op: Op,
  front: Front,
  through: "edge" | "past",
): Promise<Result<string>> {
  const ip = front.container.addresses[front.network];
  const until = deps.clock.elapsed() + proofMs;
  let rightOnes = 0;
  while (ip !== undefined && deps.clock.elapsed() < until && !op.signal.aborted) {
    const answered = await firstThrough(deps.http, ip, front, through);
    rightOnes = answered === null ? 0 : rightOnes + 1;
    if (answered !== null && rightOnes >= inARow) return ok(answered);
    await deps.clock.sleep(proofPauseMs, op.signal);
  }
  const { name } = front.container;
  const what =
    through === "edge"
      ? `no request through nginx in ${name} was seen to reach the edge`
      : `requests through nginx in ${name} still pass the edge`;
  const next = `ask through it by hand with curl -sI, and look for ${releaseHeader}; if nginx hides that field, let it pass`;
  return problem("needs-person", what, next, name);
}

async function firstThrough(
  http: HttpClient,
  ip: string,
  front: Front,
  through: "edge" | "past",
): Promise<string | null> {
  for (const { port, host, path } of front.questions) {
    const url = `http://${ip}:${port}${path}`;
    const headers = host === null ? {} : { headers: { host } };
    const answer = await http.request({ method: "GET", url, timeoutMs: askMs, ...headers });
    if (!answer.ok) continue;
    const passed = answer.value.headers[releaseHeader] !== undefined;
    if (through === "past" && passed) return null;
    if (passed || (through === "past" && answer.value.status < 500)) return url;
  }
  return null;
}

/** Workers of before the reload finish what they have; then nothing goes to the old address any more. */
export async function untilOldWorkersLeft(
  deps: FrontDeps,
  op: Op,
  { id }: Container,
  limitMs: number,
): Promise<boolean> {
  const until = deps.clock.elapsed() + limitMs;
  for (;;) {
    const lines = await processes(deps.docker, id);
    if (!lines.some((line) => line.includes("worker process is shutting down"))) return true;
    if (deps.clock.elapsed() >= until || op.signal.aborted) return false;
    await deps.clock.sleep(limits.retryPauseMs, op.signal);
  }
}

async function hostsOf(docker: Docker, { id, name }: Container): Promise<Result<string>> {
  const read = await docker.run({ args: ["exec", id, "cat", "/etc/hosts"], effect: "read" });
  if (!read.ok) return read;
  return read.value.exitCode === 0 ? ok(read.value.stdout) : noTools(name, read.value.stderr);
}

async function writeHosts(
  docker: Docker,
  op: Op,
  { id, name }: Container,
  text: string,
): Promise<Result<void>> {
  const args = ["exec", "--interactive", "--user", "0", id, "tee", "/etc/hosts"];
  const written = await docker.run({ args, effect: "write", op: op.id, stdin: text });
  if (!written.ok) return written;
  return written.value.exitCode === 0 ? ok(undefined) : noTools(name, written.value.stderr);
}

function noTools(name: string, stderr: string): Result<never> {
  const what = `/etc/hosts of ${name} can't be reached from inside: ${stderr.trim().slice(0, 200)}`;
  return problem(
    "needs-person",
    what,
    `restart it yourself once the edges run: docker restart ${name}`,
    name,
  );
}
