// The folder of clones: each has its note beside it, written last. What has none is half of one.
import { join } from "node:path";
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { type Archive, runAsOwner } from "../pgbackrest/archive.ts";

const noteSchema = z.object({
  lastgood: z.literal("clone"),
  name: z.string().min(1),
  op: z.string().min(1),
  /** Wall clock, milliseconds. */
  at: z.number(),
  /** Where the server's WAL stood at its end; the clone is of that moment. */
  lsn: z.string(),
  /** Apparent size: its blocks are shared with the live server. */
  bytes: z.number(),
  ms: z.number(),
});

export type Clone = z.infer<typeof noteSchema>;

const PREFIX = "clone-";
const NOTE = /^clone-(.+)\.json$/;
const REMOVE_MS = 10 * 60_000;

export function cloneFolder({ config }: Archive, name: string): string {
  return join(config.scratch, `${PREFIX}${name}`);
}

/** Newest first. */
export async function clonesThere(archive: Archive): Promise<Result<readonly Clone[]>> {
  const { files } = archive.context;
  const listed = await files.list(archive.config.scratch);
  if (!listed.ok) return listed;
  const found: Clone[] = [];
  for (const file of listed.value.filter((one) => NOTE.test(one))) {
    const read = await files.read(join(archive.config.scratch, file));
    if (!read.ok) continue;
    const note = noteSchema.safeParse(parseJson(read.value.toString("utf8")));
    if (note.success) found.push(note.data);
  }
  return ok(found.sort((a, b) => b.at - a.at));
}

export function noteClone(archive: Archive, clone: Omit<Clone, "lastgood">): Promise<Result<void>> {
  const text = `${JSON.stringify({ lastgood: "clone", ...clone })}\n`;
  return archive.context.files.replace(`${cloneFolder(archive, clone.name)}.json`, text, 0o644);
}

/** Halves that a crash left, and clones beyond as many as are kept. One whose note can't be read stays, for a person. */
export async function sweepClones(archive: Archive, keep: number): Promise<Result<void>> {
  const there = await clonesThere(archive);
  if (!there.ok) return there;
  const tooMany = new Set(there.value.slice(keep).map(({ name }) => `${PREFIX}${name}`));
  const listed = await archive.context.files.list(archive.config.scratch);
  if (!listed.ok) return listed;
  const ours = listed.value.filter((one) => one.startsWith(PREFIX));
  // The note first: what has none is nobody's. `clone-a.json` is behind `clone-a` in every order but this.
  for (const entry of ours.toSorted().toReversed()) {
    const folder = entry.replace(/\.json$/, "");
    if (listed.value.includes(`${folder}.json`) && !tooMany.has(folder)) continue;
    const removed = await owned(archive, ["rm", "-rf", "--", join(archive.config.scratch, entry)]);
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

/** As the server's user, whose files these are. `accept`: an end that is well all the same, by what was said. */
export async function owned(
  archive: Archive,
  argv: readonly string[],
  accept: (said: string) => boolean = () => false,
): Promise<Result<string>> {
  const ran = await runAsOwner(archive, argv, { effect: "write", op: null, timeoutMs: REMOVE_MS });
  if (!ran.ok) return ran;
  const { exitCode, stdout, stderr } = ran.value;
  if (exitCode === 0 || (exitCode !== null && accept(stderr))) return ok(stdout);
  return problem(
    "failed",
    `${argv[0]} failed while the server was cloned: ${stderr.trim().split("\n").slice(-2).join(" ")}`,
    `look at ${archive.config.scratch}: its file system must be the server's, and its owner ${archive.config.user}`,
    archive.config.scratch,
  );
}
