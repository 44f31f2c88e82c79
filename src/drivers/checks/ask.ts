// A command that only looks: its output, or why there is none.
import { ok, problem, type Result } from "../../core/result.ts";
import type { Host } from "../../ports/host.ts";

/** Longer than doctor waits: doctor's own deadline is what counts, this only ends what nobody waits for. */
const timeoutMs = 5_000;

export type Asked = { readonly stdout: string; readonly stderr: string; readonly exitCode: number | null };

/** Any end of the program is an answer, also a bad one. */
export async function ask(
  host: Host,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<Result<Asked>> {
  const ended = await host.run({ argv, effect: "read", op: null, timeoutMs, env }, signal);
  if (!ended.ok) return ended;
  if (ended.value.cancelled || ended.value.timedOut)
    return problem("timeout", `${argv[0]} did not answer`, "Say it again; look whether it hangs.");
  return ok(ended.value);
}

/** Output of a program that ended well; else what it said last. */
export async function askText(
  host: Host,
  argv: readonly [string, ...string[]],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Promise<Result<string>> {
  const asked = await ask(host, argv, signal, env);
  if (!asked.ok) return asked;
  if (asked.value.exitCode === 0) return ok(asked.value.stdout);
  return problem("failed", lastWords(asked.value.stderr || asked.value.stdout, argv[0]), "");
}

const wordsLength = 200;

/** The last line that says anything, bounded. */
export function lastWords(text: string, otherwise: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  const last = lines.filter((line) => line !== "").at(-1);
  return last === undefined ? `${otherwise} ended without a word` : last.slice(0, wordsLength);
}

/** `docker exec` before a command that is to run inside a container; names of variables go along, not values. */
export function inside(
  container: string | null,
  argv: readonly [string, ...string[]],
  variables: readonly string[] = [],
): readonly [string, ...string[]] {
  if (container === null) return argv;
  return ["docker", "exec", ...variables.flatMap((name) => ["-e", name]), container, ...argv];
}
