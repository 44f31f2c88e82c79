// What every part of the pgBackRest adapter is given, and how its programs are run.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Finished } from "../../../ports/host.ts";
import type { Op } from "../../../ports/op.ts";
import type { Processes } from "../../../ports/processes.ts";
import type { Context } from "../postgres/context.ts";

export type ArchiveConfig = {
  /** What pgBackRest calls this server. */
  readonly stanza: string;
  /** Absolute path of its settings; null: where it looks by itself. */
  readonly configFile: string | null;
  /** The system user of the server, who owns its files and the archive. */
  readonly user: string;
  /** Absolute path of a folder that this user may write, with room for the whole server. */
  readonly scratch: string;
  /** How long the WAL of a point is waited for. */
  readonly archiveWithinMs: number;
  /** A full copy once it is older; otherwise a differential one once that is older; otherwise an incremental one. */
  readonly fullEveryMs: number;
  readonly diffEveryMs: number;
};

export type ArchiveDeps = {
  readonly processes: Pick<Processes, "start" | "find" | "alive" | "signal">;
  /** The whole environment of the scratch server. */
  readonly env: Readonly<Record<string, string>>;
};

export type Archive = ArchiveDeps & {
  readonly context: Context;
  readonly config: ArchiveConfig;
  /** Puts in front of argv what makes it run as `config.user`. */
  readonly asOwner: (argv: readonly string[]) => Promise<Result<[string, ...string[]]>>;
  /** Folders of scratch servers that are in use now. */
  readonly inUse: Set<string>;
};

const LOOK_MS = 30_000;

export function openArchive(context: Context, config: ArchiveConfig, deps: ArchiveDeps): Archive {
  let known: Promise<Result<readonly string[]>> | null = null;
  const asOwner: Archive["asOwner"] = async (argv) => {
    known ??= frontFor(context, config.user);
    const front = await known;
    if (!front.ok) {
      known = null; // it may be mended meanwhile
      return front;
    }
    return ok([...front.value, ...argv] as [string, ...string[]]);
  };
  return { context, config, ...deps, asOwner, inUse: new Set() };
}

/** Only root can become another user; anybody else is the server's user already, or may not read its files. */
async function frontFor({ host }: Context, user: string): Promise<Result<readonly string[]>> {
  const id = (...args: string[]) =>
    host.run({ argv: ["id", ...args], effect: "read", op: null, timeoutMs: LOOK_MS });
  const me = await id("-u");
  if (!me.ok) return me;
  if (me.value.stdout.trim() !== "0") return ok([]);
  const group = await id("-g", user);
  if (!group.ok) return group;
  if (group.value.exitCode !== 0)
    return problem(
      "config",
      `there is no user ${user} on this machine`,
      "write the server's system user as pointInTime: user in lastgood.yml",
    );
  return ok(["setpriv", `--reuid=${user}`, `--regid=${group.value.stdout.trim()}`, "--init-groups", "--"]);
}

/** What programs say is read. */
const untranslated = { LC_ALL: "C" };

export type OwnerCall = {
  readonly effect: "read" | "write";
  readonly op: Pick<Op, "id" | "signal"> | null;
  readonly timeoutMs?: number;
};

/** Any end of the program is ok; `missing` where there is none. */
export async function runAsOwner(
  { context, asOwner }: Archive,
  argv: readonly string[],
  { effect, op, timeoutMs = LOOK_MS }: OwnerCall,
): Promise<Result<Finished>> {
  const whole = await asOwner(argv);
  if (!whole.ok) return whole;
  const command = { argv: whole.value, effect, op: op?.id ?? null, timeoutMs, cwd: "/", env: untranslated };
  return context.host.run(command, op?.signal);
}
