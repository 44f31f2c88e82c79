// PostgreSQL with clones of its whole server, on a file system that shares blocks: one database comes back out of one.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Database } from "../../../ports/database.ts";
import type { Moment, PointInTime } from "../../../ports/point-in-time.ts";
import { type Archive, type ArchiveDeps, openArchive } from "../pgbackrest/archive.ts";
import type { Target } from "../pgbackrest/moment.ts";
import type { Beside } from "../pgbackrest/pgbackrest.ts";
import { recallTarget, rehearseTarget } from "../pgbackrest/recall.ts";
import { cloneWay } from "../postgres/copies/clone-look.ts";
import { noteMeasured } from "../postgres/copies/measured.ts";
import { makeTurns } from "../turns.ts";
import { type Clone, cloneFolder, clonesThere, owned } from "./shelf.ts";
import { takeClone } from "./take.ts";

export type ClonesConfig = {
  /** Absolute path of a folder on the server's own file system, which its user may write. */
  readonly folder: string;
  /** The system user of the server. */
  readonly user: string;
  readonly keep: number;
};

/** Each backup then has a clone of the server before it; without that there is no backup. */
export function withClones(
  { database, context, changes }: Beside,
  { folder, user, keep }: ClonesConfig,
  deps: ArchiveDeps,
): { readonly database: Database; readonly pointInTime: PointInTime } {
  const none = { stanza: "", configFile: null, archiveWithinMs: 0, fullEveryMs: 0, diffEveryMs: 0 };
  const archive = openArchive(context, { ...none, user, scratch: folder }, deps);
  const drills = makeTurns();
  /** By hand and by the clock the server is copied first, and its database right after it: one clone is for both. */
  let isFresh = false;
  return {
    database: {
      ...database,
      async backUp(op, label, copied) {
        const taken = isFresh
          ? ok(undefined)
          : await changes(() => takeClone(archive, op, label, keep), op.signal);
        isFresh = false;
        return taken.ok ? database.backUp(op, label, copied) : taken;
      },
    },
    pointInTime: {
      reach: () => reach(archive),
      lacks: async () => ok([]), // its ladder says it, with each backup
      backUp: async (op) => {
        const taken = await changes(() => takeClone(archive, op, "set", keep), op.signal);
        isFresh = taken.ok;
        return taken.ok ? ok(setOf(taken.value)) : taken;
      },
      verify: async () => ok(undefined), // only a drill proves one: there is nothing to compare it with
      recall: (op, moment) =>
        changes(async () => {
          const target = await targetOf(archive, moment);
          if (!target.ok) return target;
          const began = context.clock.elapsed();
          const made = await recallTarget(archive, op, target.value);
          if (made.ok) await noteMeasured(context, { fetchMs: Math.round(context.clock.elapsed() - began) });
          return made;
        }, op.signal),
      rehearse: (moment, look) =>
        drills(async () => {
          const target = await targetOf(archive, moment);
          return target.ok ? rehearseTarget(archive, target.value, look) : target;
        }),
    },
  };
}

const setOf = ({ name, at, bytes }: Clone) => ({ id: name, kind: "full" as const, at, bytes });

async function reach(archive: Archive) {
  const there = await clonesThere(archive);
  if (!there.ok) return there;
  return ok({
    about: `clones of the server in ${archive.config.scratch}`,
    sets: there.value.map(setOf),
    from: null,
    points: there.value.map(({ name, at }) => ({ name, at })),
  });
}

/** A clone is of its own moment and of no other. */
async function targetOf(archive: Archive, moment: Moment | null): Promise<Result<Target>> {
  const there = await clonesThere(archive);
  if (!there.ok) return there;
  const [newest] = there.value;
  const found =
    moment === null ? newest : there.value.find((one) => moment.kind === "point" && one.name === moment.name);
  if (found) return ok(asTarget(archive, found));
  return problem(
    "missing",
    moment === null
      ? "there is no clone of the server yet"
      : "there is no clone of that name, and a clone is of its own moment only",
    newest ? `name one that there is, e.g. ${newest.name}` : "lastgood backup now",
    archive.config.scratch,
  );
}

function asTarget(archive: Archive, { name, at, bytes, lsn }: Clone): Target {
  return {
    set: { id: name, kind: "full", at, bytes, restoredBytes: bytes, stopLsn: lsn },
    args: [],
    at,
    words: `the clone ${name}`,
    point: name,
    clone: {
      format: cloneWay,
      way: cloneWay,
      why: `out of the clone ${name} of the whole server`,
      // Cloned once more: the server that is started on it writes, and the clone stays as it is.
      fill: async ({ data }) => {
        const from = join(cloneFolder(archive, name), "data");
        const done = await owned(archive, ["cp", "-a", "--reflink=always", "--", from, data]);
        return done.ok ? ok(undefined) : done;
      },
    },
  };
}
