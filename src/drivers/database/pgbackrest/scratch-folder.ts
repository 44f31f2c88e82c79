// The folder that a copy of the server is restored to: new, marked as ours, and gone afterwards, also after a crash.
import { join } from "node:path";
import { z } from "zod";
import { sha256 } from "../../../core/digest.ts";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { fileSafe } from "../postgres/back-up.ts";
import { type Archive, runAsOwner } from "./archive.ts";
import { programOf } from "./server-programs.ts";

export type Purpose = "recall" | "drill";

export type ScratchFolder = {
  readonly path: string;
  /** The server's own files. */
  readonly data: string;
  /** Of its socket; nobody but the server's user and root may enter. */
  readonly run: string;
  /** Where tablespaces come to lie: never where the live ones do. */
  readonly tablespaces: string;
  readonly log: string;
  /** All of its programs carry it as `LASTGOOD_OP`. */
  readonly token: string;
};

const noteSchema = z.object({ lastgood: z.literal("scratch server"), token: z.string().min(1) });
const NOTE = "lastgood.json";
const END_MS = 20_000;
const LOOK_MS = 100;

/** One of each purpose exists at a time. What a crash left of it is ended and removed first. */
export async function withScratchFolder<T>(
  archive: Archive,
  purpose: Purpose,
  work: (folder: ScratchFolder) => Promise<Result<T>>,
): Promise<Result<T>> {
  const folder = folderFor(archive, purpose);
  if (archive.inUse.has(folder.path))
    return problem("busy", `another ${purpose} uses ${folder.path}`, "wait until it has ended", folder.path);
  archive.inUse.add(folder.path);
  try {
    const swept = await sweep(archive, folder);
    if (!swept.ok) return swept;
    const made = await make(archive, folder);
    const done = made.ok ? await work(folder) : made;
    const removed = await sweep(archive, folder);
    return done.ok && !removed.ok ? removed : done;
  } finally {
    archive.inUse.delete(folder.path);
  }
}

function folderFor({ config, context }: Archive, purpose: Purpose): ScratchFolder {
  const mark = sha256(`${context.config.backupDir} ${context.database}`).slice(0, 8);
  const path = join(config.scratch, `lastgood-${fileSafe(context.database).slice(0, 20)}-${mark}-${purpose}`);
  return {
    path,
    data: join(path, "data"),
    run: join(path, "run"),
    tablespaces: join(path, "tablespaces"),
    log: join(path, "log"),
    token: `scratch-${sha256(path).slice(0, 16)}`,
  };
}

/** The note is there before anything that it must tell of; a folder without one is only ours where it is empty. */
async function make(archive: Archive, { path, run, token }: ScratchFolder): Promise<Result<void>> {
  const made = await owned(archive, ["mkdir", "-m", "700", path]);
  if (!made.ok) return made;
  const note = `${JSON.stringify({ lastgood: "scratch server", token })}\n`;
  const noted = await archive.context.files.replace(join(path, NOTE), note, 0o600);
  if (!noted.ok) return noted;
  return owned(archive, ["mkdir", "-m", "700", run]);
}

async function owned(archive: Archive, argv: readonly string[]): Promise<Result<void>> {
  const ran = await runAsOwner(archive, argv, { effect: "write", op: null });
  if (!ran.ok) return ran;
  if (ran.value.exitCode === 0) return ok(undefined);
  const { scratch, user } = archive.config;
  return problem(
    "failed",
    `${argv[0]} failed in ${scratch}: ${ran.value.stderr.trim()}`,
    `make the folder, on a disk with room: install -d -m 700 -o ${user} ${scratch}`,
    scratch,
  );
}

async function sweep(archive: Archive, folder: ScratchFolder): Promise<Result<void>> {
  const { files } = archive.context;
  const ours = await isOurs(archive, folder);
  if (!ours.ok) return ours;
  if (!ours.value) return ok(undefined);
  const ended = await endServer(archive, folder);
  if (!ended.ok) return ended;
  return files.remove(folder.path);
}

/** False where there is nothing. What is not marked is never touched. */
async function isOurs({ context }: Archive, { path, token }: ScratchFolder): Promise<Result<boolean>> {
  const stat = await context.files.stat(path);
  if (!stat.ok) return stat;
  if (stat.value === null) return ok(false);
  const note = await context.files.read(join(path, NOTE));
  if (note.ok && noteSchema.safeParse(parseJson(note.value.toString("utf8"))).data?.token === token)
    return ok(true);
  const inside = await context.files.list(path);
  if (inside.ok && stat.value.type === "directory" && inside.value.length === 0) return ok(true);
  return problem(
    "conflict",
    `${path} is there, and was not made by Lastgood`,
    "look into it, and move it away",
    path,
  );
}

/** In order first: a server that is killed leaves a piece of shared memory behind. */
async function endServer(archive: Archive, { data, token }: ScratchFolder): Promise<Result<void>> {
  const { processes, context } = archive;
  const working = () => processes.find("LASTGOOD_OP", token);
  if ((await working()).length === 0) return ok(undefined);
  const control = await programOf(archive, data, "pg_ctl");
  if (control !== null)
    await runAsOwner(archive, [control, "stop", "-D", data, "-m", "immediate", "-t", "10", "-s"], {
      effect: "write",
      op: null,
    });
  const until = context.clock.elapsed() + END_MS;
  for (;;) {
    const left = await working();
    if (left.length === 0) return ok(undefined);
    if (context.clock.elapsed() >= until)
      return problem(
        "failed",
        `process ${left[0]?.pid} does not end`,
        "end it by hand, then run again",
        data,
      );
    for (const one of left) processes.signal(one, "SIGKILL");
    await context.clock.sleep(LOOK_MS);
  }
}
