// Small commands of a host, for drivers of ours that need their answer and nothing else.
import { err, ok, type Problem, problem, type Result } from "../core/result.ts";
import type { Command, Finished, Host } from "../ports/host.ts";
import { fileProblem } from "./file-problem.ts";

const SMALL_MS = 60_000;

export type Small = Pick<Command, "argv" | "effect"> &
  Partial<Pick<Command, "stdin" | "timeoutMs" | "rawBytes">>;

/** Errors are read from what the programs say, so they must say it in English. */
export async function small(
  host: Host,
  { timeoutMs = SMALL_MS, ...command }: Small,
): Promise<Result<Finished>> {
  return await host.run({ ...command, op: null, timeoutMs, env: { LC_ALL: "C" } });
}

const systemErrors: readonly (readonly [says: RegExp, code: string])[] = [
  [/No such file or directory/, "ENOENT"],
  [/Not a directory/, "ENOTDIR"],
  [/No space left on device/, "ENOSPC"],
  [/Disk quota exceeded/, "EDQUOT"],
  [/Read-only file system/, "EROFS"],
  [/Permission denied/, "EACCES"],
  [/Operation not permitted/, "EPERM"],
];

/** The system's name of the error that a program told of; null where it told of none that is known. */
export function systemError({ stderr }: Finished): string | null {
  return systemErrors.find(([says]) => says.test(stderr))?.[1] ?? null;
}

/** The same problems as on this machine, for a command that ended badly. */
export function fileProblemOf(host: Host, end: Finished, doing: string, path: string): Result<never> {
  const there = `${doing} on ${host.name}`;
  const code = systemError(end);
  if (code !== null) return fileProblem(Object.assign(new Error(code), { code }), there, path);
  if (end.timedOut)
    return problem("timeout", `cannot ${there}: it took too long`, "look at that machine", path);
  if (end.exitCode === null)
    return problem(
      "unreachable",
      `cannot tell whether it worked to ${there}: the connection was lost`,
      "look at the network; it is tried again by what needs it",
      path,
    );
  const said = end.stderr.trim().split("\n").at(-1) ?? "";
  return problem("failed", `cannot ${there}: ${said}`, `look at ${path} there`, path);
}

/** Runs them one after the other until one fails. */
export async function inOrder(
  host: Host,
  doing: string,
  path: string,
  commands: readonly Small[],
): Promise<Result<void>> {
  for (const command of commands) {
    const ran = await small(host, command);
    if (!ran.ok) return err<Problem>(ran.error);
    if (ran.value.exitCode !== 0) return fileProblemOf(host, ran.value, doing, path);
  }
  return ok(undefined);
}
