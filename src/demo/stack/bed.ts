// What a stack is laid on: a folder, a name nobody else has, free ports, and commands that must end well.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { thisMachine } from "../../compose/machine.ts";
import { localHost } from "../../os/exec.ts";

/** Which Docker engine: `DOCKER_HOST`, `DOCKER_CONFIG`; empty for the one of the machine. */
export type DockerEnv = Readonly<Record<string, string>>;

export type Bed = {
  readonly name: string;
  readonly dir: string;
  /** Some daemons will not run as root. */
  readonly isRoot: boolean;
  /** Standard output. Rejects with all output where the command ends badly. */
  run(
    argv: readonly [string, ...string[]],
    options?: { readonly cwd?: string; readonly timeoutMs?: number },
  ): Promise<string>;
  /** A daemon of the host, which stays in the foreground; returns how to end it (and waits until it has). */
  start(argv: readonly [string, ...string[]], logFile: string): Promise<() => Promise<void>>;
  freePort(): Promise<number>;
};

const commandMs = 60_000;
const endWithinMs = 10_000;
const lookEveryMs = 20;
const neverAborted = new AbortController().signal;

export async function makeBed(kind: string, docker: DockerEnv, root: string): Promise<Bed> {
  const machine = thisMachine();
  const name = machine.ids.fresh(kind);
  const dir = join(root, name);
  await mkdir(dir);
  const host = localHost({ ...machine.baseEnv, ...docker }, machine.clock);
  return {
    name,
    dir,
    isRoot: process.geteuid?.() === 0,
    async run(argv, { cwd = dir, timeoutMs = commandMs } = {}) {
      const ended = await host.run({ argv, cwd, timeoutMs, effect: "write", op: null });
      if (!ended.ok) throw new Error(`${argv.join(" ")}: ${ended.error.what}`);
      const { exitCode, signal, stdout, stderr } = ended.value;
      if (exitCode === 0) return stdout;
      throw new Error(`${argv.join(" ")} ended with ${exitCode ?? signal}\n${stderr}\n${stdout}`);
    },
    async start(argv, logFile) {
      const started = await machine.processes.start({ argv, cwd: dir, env: machine.baseEnv, logFile });
      if (!started.ok) throw new Error(`${argv.join(" ")}: ${started.error.what}`);
      return async () => {
        machine.processes.signal(started.value, "SIGTERM");
        const until = machine.clock.elapsed() + endWithinMs;
        while (machine.processes.alive(started.value)) {
          if (machine.clock.elapsed() > until) machine.processes.signal(started.value, "SIGKILL");
          await machine.clock.sleep(lookEveryMs, neverAborted);
        }
      };
    },
    freePort: () => machine.processes.freePort(),
  };
}
