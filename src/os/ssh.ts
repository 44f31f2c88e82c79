// A remote machine over the system's OpenSSH client.
import { randomBytes } from "node:crypto";
import { lstat, mkdir } from "node:fs/promises";
import { ok, problem, type Result } from "../core/result.ts";
import type { Command, Finished, Host } from "../ports/host.ts";
import { atMost } from "./at-most.ts";
import { fileProblem } from "./file-problem.ts";
import { remoteEnd, remoteLine, remoteText, unsendable } from "./remote-line.ts";
import { destination, isConnected, type SshPlaces, type SshTarget, sshArgv } from "./ssh-client.ts";
import { connectProblem } from "./ssh-problem.ts";

/** sshd allows ten sessions a connection unless told otherwise; further ones would each connect anew, in silence. */
const SESSIONS = 8;
/** To connect, log in and run nothing. */
const FIRST_MS = 20_000;

const byItself = { signal: null, timedOut: false, cancelled: false };

export type SshHost = Host & {
  /** Makes the shared connection if there is none. After this, nothing has begun where a command fails to begin. */
  connect(signal?: AbortSignal): Promise<Result<void>>;
};

/**
 * `local` runs the ssh client, with a `PATH` and a `HOME` at most. A command that ran out of time, was called off, or
 * lost its connection may go on over there: `exitCode` and `signal` are null then, and the target must be asked.
 * An exit code above 128 may mean a signal, as in every shell.
 */
export function sshHost(target: SshTarget, places: SshPlaces, local: Host): SshHost {
  const session = atMost(SESSIONS);
  let connecting: Promise<Result<void>> | null = null;
  const connect = async (signal?: AbortSignal): Promise<Result<void>> => {
    const ours = await ownFolder(places.sockets);
    if (!ours.ok) return ours;
    if (await isConnected(target, places)) return ok(undefined);
    connecting ??= first(target, places, local, signal).finally(() => {
      connecting = null;
    });
    const connected = await connecting;
    // It may have been somebody else who called it off.
    const isForUs = connected.ok || connected.error.code !== "cancelled" || signal?.aborted === true;
    return isForUs ? connected : await connect(signal);
  };
  return {
    name: target.name,
    connect,
    run: async (command, signal) => {
      const wrong = unsendable(command);
      if (wrong !== null)
        return problem(
          "usage",
          `${command.argv[0]} can't be run on ${target.name}: ${wrong}`,
          "mend the command",
        );
      return await session(async () => {
        const connected = await connect(signal);
        return connected.ok ? await more(target, places, local, command, signal) : connected;
      });
    },
  };
}

/** Whoever can put a socket there gets our commands: the folder must be this user's alone. */
async function ownFolder(path: string): Promise<Result<void>> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const { mode, uid } = await lstat(path);
    if (uid === process.geteuid?.() && (mode & 0o77) === 0) return ok(undefined);
  } catch (error) {
    return fileProblem(error, `make ${path}`, path);
  }
  const next = `remove it, or make it yours alone: chmod 700 ${path}`;
  return problem("refused", `${path} may be written by others; ssh sockets can't lie there`, next, path);
}

/** Logs in and runs nothing; stays connected. Shows too whether the login shell does what we say. */
async function first(
  target: SshTarget,
  places: SshPlaces,
  local: Host,
  signal?: AbortSignal,
): Promise<Result<void>> {
  const mark = freshMark();
  const nothing: Command = { argv: ["true"], effect: "read", op: null, timeoutMs: FIRST_MS };
  const argv = sshArgv(target, places, "first", [...destination(target), remoteText]);
  const ran = await local.run({ ...nothing, argv, stdin: `${remoteLine(nothing, mark)}\n` }, signal);
  if (!ran.ok) return ran;
  const end = remoteEnd(ran.value.stderr, mark);
  if (end.kind === "ended") return ok(undefined);
  if (ran.value.cancelled)
    return problem("cancelled", `connecting to ${target.name} was called off`, "run it again", target.name);
  if (ran.value.timedOut) return connectProblem(target.name, "timed out");
  if (ran.value.exitCode !== 255) return strangeShell(target.name, ran.value);
  return connectProblem(target.name, ran.value.stderr);
}

async function more(
  target: SshTarget,
  places: SshPlaces,
  local: Host,
  command: Command,
  signal?: AbortSignal,
): Promise<Result<Finished>> {
  const mark = freshMark();
  const line = Buffer.from(`${remoteLine(command, mark)}\n`);
  const { op, effect, timeoutMs, stdin = "", rawBytes } = command;
  const raw = rawBytes === undefined ? {} : { rawBytes };
  const argv = sshArgv(target, places, "more", [...destination(target), remoteText]);
  const ran = await local.run(
    { argv, effect, op, timeoutMs, stdin: Buffer.concat([line, Buffer.from(stdin)]), ...raw },
    signal,
  );
  if (!ran.ok) return ran;
  const end = remoteEnd(ran.value.stderr, mark);
  switch (end.kind) {
    case "ended":
      // It has ended, even where something that it left behind held the connection until our time was up.
      return ok({ ...ran.value, ...byItself, exitCode: end.exitCode, stderr: end.stderr });
    case "missing-folder":
      return problem(
        "missing",
        `there is no folder ${command.cwd} on ${target.name} to run ${command.argv[0]} in`,
        "check the path",
        target.name,
      );
    case "missing-program":
      return problem(
        "missing",
        `there is no program ${command.argv[0]} on ${target.name}`,
        "install it there, or correct the command",
        target.name,
      );
    case "lost":
      return lost(target.name, ran.value);
  }
}

/** Nobody knows how it ended, or whether it has. */
function lost(name: string, ran: Finished): Result<Finished> {
  if (ran.timedOut || ran.cancelled) return ok({ ...ran, exitCode: null });
  if (ran.exitCode !== 255 && ran.exitCode !== null) return strangeShell(name, ran);
  const said = `${ran.stderr}the connection to ${name} was lost; the command may go on there\n`;
  return ok({ ...ran, exitCode: null, signal: null, stderr: said });
}

/** It let us in, but did not do what the line says: an account without a shell, a forced command, fish, csh. */
function strangeShell(name: string, { stderr, stdout }: Finished): Result<never> {
  const line = (stderr.trim() || stdout.trim()).split("\n").at(-1) ?? "";
  return problem(
    "failed",
    `the login on ${name} does not run commands${line === "" ? "" : `: ${line}`}`,
    "use an account there whose login shell is sh, bash, dash, ksh, zsh or busybox's",
    name,
  );
}

function freshMark(): string {
  return `lastgood-${randomBytes(9).toString("hex")}`;
}
