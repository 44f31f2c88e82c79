// Acts of the docker client for edges: what it refuses becomes a problem with the next step.
import { ok, type ProblemCode, problem, type Result } from "../../../core/result.ts";
import { type Docker, lastWords } from "../../docker/cli.ts";
import { inspectContainers } from "../../docker/containers.ts";
import type { Container } from "../../docker/inspect.ts";

const actMs = 60_000;

/** In the words of Docker 20 to 28. */
const kinds: readonly (readonly [RegExp, ProblemCode, string])[] = [
  [/no such container/i, "missing", "see what is there: docker ps --all"],
  [
    /port is already allocated|address already in use|failed to bind (host )?port/i,
    "port-in-use",
    "free the port (find who has it: ss -ltnp), or choose another",
  ],
  [/no such network|network \S+ not found/i, "missing", "start the stack's networks first, then try again"],
  [/no space left/i, "no-space", "free space on Docker's disk, then try again"],
  [/is already in use by container/i, "conflict", "look again: somebody else made it just now"],
];

/** Standard output of a docker command that ended well. */
export async function act(
  docker: Docker,
  args: readonly string[],
  op: string | null = null,
): Promise<Result<string>> {
  const ended = await docker.run({ args, effect: "write", op, timeoutMs: actMs });
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return ok(ended.value.stdout);
  const { stderr } = ended.value;
  const told =
    stderr.split("\n").find((line) => /error response from daemon/i.test(line)) ?? lastWords(ended.value);
  const said = told.replace(/^.*Error response from daemon:\s*/i, "").slice(0, 400);
  const [, code, next] = kinds.find(([words]) => words.test(stderr)) ?? [
    null,
    "failed" as const,
    "correct it, then try again",
  ];
  return problem(code, `docker ${args.slice(0, 2).join(" ")} failed: ${said}`, next);
}

/** Null where there is no such container. */
export async function look(docker: Docker, name: string): Promise<Result<Container | null>> {
  const found = await inspectContainers(docker, [name]);
  return found.ok ? ok(found.value[0] ?? null) : found;
}

/** The end of what it printed, in both of its outputs. */
export async function lastLog(docker: Docker, name: string): Promise<string> {
  const ended = await docker.run({ args: ["logs", "--tail", "20", name], effect: "read" });
  return ended.ok ? `${ended.value.stdout}${ended.value.stderr}` : ended.error.what;
}
