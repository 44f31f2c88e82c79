// Commands on the machine of an edge, with their bad ends told as problems.
import { ok, type ProblemCode, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Finished, Host } from "../../../ports/host.ts";
import type { Op } from "../../../ports/op.ts";

/** The machine that an edge runs on. */
export type Target = { readonly host: Host; readonly files: Files };

export type Argv = readonly [string, ...string[]];

/** A command of an edge takes milliseconds; one that hangs must not hold up a way back. */
const commandMs = 8_000;
const saidChars = 400;

/** Runs to exit code 0, or says what the program said. */
export async function act(host: Host, op: Op, argv: Argv): Promise<Result<Finished>> {
  const ended = await host.run({ argv, effect: "write", op: op.id, timeoutMs: commandMs }, op.signal);
  return ended.ok ? judged(ended.value, argv, host.name) : ended;
}

/** The same for a look, which belongs to no op. */
export async function look(host: Host, argv: Argv): Promise<Result<Finished>> {
  const ended = await host.run({ argv, effect: "read", op: null, timeoutMs: commandMs });
  return ended.ok ? judged(ended.value, argv, host.name) : ended;
}

function judged(ended: Finished, argv: Argv, where: string): Result<Finished> {
  if (ended.exitCode === 0) return ok(ended);
  const [code, how] = ending(ended);
  const said = `${ended.stderr}\n${ended.stdout}`.trim().slice(-saidChars);
  const what = `${argv.join(" ")} ${how}${said === "" ? "" : `: ${said}`}`;
  return problem(code, what, "run it by hand on that machine to see why", where);
}

function ending({ cancelled, timedOut, exitCode, signal }: Finished): readonly [ProblemCode, string] {
  if (cancelled) return ["cancelled", "was called off"];
  if (timedOut) return ["timeout", `did not end within ${commandMs / 1_000} s`];
  return ["failed", exitCode === null ? `was ended by ${signal}` : `ended with code ${exitCode}`];
}
