// Writes the dump of a snapshot into a folder, by pg_dump itself: no pipe in between whose end nobody checks.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Finished } from "../../../ports/host.ts";
import type { Op } from "../../../ports/op.ts";
import type { Context } from "./context.ts";

const DUMP_MS = 6 * 3_600_000;
const GLOBALS_MS = 60_000;
const LAST_WORDS = 4;

/** One process: more of them take the app's own processors on small machines. */
export async function writeDump(
  context: Context,
  op: Op,
  {
    database,
    folder,
    snapshot,
  }: { readonly database: string; readonly folder: string; readonly snapshot: string },
  parent: string,
): Promise<Result<void>> {
  const args = [
    "--format=directory",
    "--compress=1",
    "--no-password",
    `--snapshot=${snapshot}`,
    `--file=${folder}`,
  ];
  const ran = await context.tools.run(
    "pg_dump",
    {
      args,
      database,
      as: "admin",
      effect: "read",
      op: op.id,
      timeoutMs: DUMP_MS,
      folder: parent,
    },
    op.signal,
  );
  return ran.ok ? toolEnd("pg_dump", ran.value) : ran;
}

/** Null where the role may not read them, as in managed databases: the manifest names the roles all the same. */
export async function readGlobals(context: Context, op: Op): Promise<string | null> {
  const ran = await context.tools.run(
    "pg_dumpall",
    {
      args: ["--globals-only", "--no-role-passwords", "--no-password", `--database=${context.database}`],
      database: context.database,
      as: "admin",
      effect: "read",
      op: op.id,
      timeoutMs: GLOBALS_MS,
    },
    op.signal,
  );
  return ran.ok && ran.value.exitCode === 0 && !ran.value.truncated ? ran.value.stdout : null;
}

/** How a client program ended, as a result. `failed` with its last words. */
export function toolEnd(tool: string, end: Finished): Result<void> {
  if (end.cancelled) return problem("cancelled", `${tool} was called off`, "run again if it is still wanted");
  if (end.timedOut)
    return problem(
      "timeout",
      `${tool} did not end within ${Math.round(end.durationMs / 60_000)} minutes`,
      "look what the server does: SELECT * FROM pg_stat_activity",
    );
  if (end.exitCode === 0) return ok(undefined);
  const lines = end.stderr.split("\n").filter((line) => line.trim() !== "");
  const said = lines.slice(-LAST_WORDS).join("; ") || `it ended with ${end.exitCode ?? end.signal}`;
  if (/No space left on device|could not write to (output )?file/.test(said))
    return problem("no-space", `${tool} could not write: ${said}`, "free space on that disk, then run again");
  return problem("failed", `${tool} failed: ${said}`, "mend what it says, then run again");
}
