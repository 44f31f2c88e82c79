// Runs one program to its end for the tools of the project, and says what it said when it fails.
import { systemClock } from "../../src/os/clock.ts";
import { localHost } from "../../src/os/exec.ts";
import type { Finished } from "../../src/ports/host.ts";

export type RunOptions = {
  readonly timeoutMs?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string | Buffer;
};

const defaultMs = 120_000;
const host = localHost(ownEnv(), systemClock());

/** Its standard output. Throws with its last words where it ends badly. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const ended = await tryRun(argv, options);
  if (ended === null) throw new Error(`${argv[0]} is not there`);
  if (ended.exitCode === 0) return ended.stdout;
  const how = ended.timedOut ? "took too long" : `ended with ${ended.exitCode ?? ended.signal}`;
  throw new Error(`${argv.slice(0, 3).join(" ")} ${how}: ${ended.stderr || ended.stdout}`);
}

/** However it ended; null where it never began. */
export async function tryRun(
  argv: readonly [string, ...string[]],
  { timeoutMs = defaultMs, ...rest }: RunOptions = {},
): Promise<Finished | null> {
  const result = await host.run({ argv, effect: "write", op: null, timeoutMs, ...rest });
  return result.ok ? result.value : null;
}

/** What programs of the system need; daemons live in sbin, which not every user's PATH has. */
export function ownEnv(): Record<string, string> {
  const path = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;
  const kept = ["HOME", "LANG", "TMPDIR", "DOCKER_HOST", "DOCKER_CONFIG"].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...Object.fromEntries(kept), PATH: path };
}
