// From a moment that a person names to the set to begin from, and where its replay has to stop.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Moment, Reach } from "../../../ports/point-in-time.ts";
import { inSession, oneValue } from "../postgres/rows.ts";
import { DESK } from "../postgres/swap/entry.ts";
import type { Archive } from "./archive.ts";
import { untilArchived } from "./mark.ts";
import { isBefore, type Point, readPoints } from "./points.ts";
import type { ScratchFolder } from "./scratch-folder.ts";
import { lookAtStanza, type Stanza, type StanzaSet } from "./stanza.ts";

export type Target = {
  readonly set: StanzaSet;
  /** For `pgbackrest restore`. */
  readonly args: readonly string[];
  readonly at: number;
  /** In words, and the same for the same moment. */
  readonly words: string;
  readonly point: string | null;
  /** Where the copy of the server does not come out of the archive. */
  readonly clone?: {
    /** Puts its files into the scratch folder's `data`. */
    readonly fill: (folder: ScratchFolder, signal: AbortSignal) => Promise<Result<void>>;
    readonly format: string;
    readonly way: string;
    readonly why: string;
  };
};

/** Times of sets are whole seconds: one that ended within the second of the moment is too young. */
const SECOND_MS = 1_000;

export async function reach(archive: Archive): Promise<Result<Reach>> {
  const stanza = await lookAtStanza(archive);
  if (!stanza.ok) return stanza;
  const points = await reachable(archive, stanza.value);
  if (!points.ok) return points;
  const oldest = stanza.value.sets.at(-1);
  return ok({
    about: `pgBackRest, stanza ${archive.config.stanza}`,
    sets: stanza.value.sets.map(({ id, kind, at, bytes }) => ({ id, kind, at, bytes })),
    from: oldest === undefined ? null : oldest.at + SECOND_MS,
    points: points.value.map(({ name, at }) => ({ name, at })),
  });
}

async function reachable(archive: Archive, { sets }: Stanza): Promise<Result<readonly Point[]>> {
  const points = await readPoints(archive);
  if (!points.ok) return points;
  const oldest = sets.at(-1);
  return ok(oldest ? points.value.filter(({ lsn }) => !isBefore(lsn, oldest.stopLsn)) : []);
}

/** `missing` with what there is instead. Null: the newest point. */
export async function findTarget(archive: Archive, moment: Moment | null): Promise<Result<Target>> {
  const stanza = await lookAtStanza(archive);
  if (!stanza.ok) return stanza;
  const points = await reachable(archive, stanza.value);
  if (!points.ok) return points;
  if (moment?.kind === "time") return atTime(archive, stanza.value, moment.at);
  const point = points.value.find(({ name }) => moment === null || name === moment.name);
  const set = point && stanza.value.sets.find(({ stopLsn }) => !isBefore(point.lsn, stopLsn));
  if (point && set)
    return ok({
      set,
      args: ["--type=name", `--target=${point.name}`],
      at: point.at,
      words: `the point ${point.name}`,
      point: point.name,
    });
  const known = points.value.slice(0, 3).map(({ name }) => name);
  const what = moment === null ? "no point was named yet" : `there is no point ${moment.name}`;
  const there = known.length > 0 ? `There are: ${known.join(", ")}.` : "lastgood backup now sets one.";
  return problem("missing", what, `${there} Or say a time, such as 2026-07-01T03:15Z.`);
}

async function atTime(archive: Archive, stanza: Stanza, at: number): Promise<Result<Target>> {
  if (at > archive.context.clock.now())
    return problem("usage", `${textOf(at)} has not come yet`, "say a time that is over");
  const set = stanza.sets.find((one) => one.at + SECOND_MS <= at);
  const oldest = stanza.sets.at(-1);
  if (set === undefined)
    return problem(
      "missing",
      `the archive of ${archive.config.stanza} does not reach back to ${textOf(at)}`,
      oldest ? `The oldest moment is ${textOf(oldest.at + SECOND_MS)}.` : "lastgood backup now begins it.",
    );
  await pushWal(archive);
  const target = textOf(at).replace("T", " ").replace("Z", "+00");
  return ok({
    set,
    args: ["--type=time", `--target=${target}`],
    at,
    words: textOf(at),
    point: null,
  });
}

/**
 * A replay up to a time fails where no transaction follows it in the archive: one is made now, and waited for. Where
 * the live server can't, because it is what is broken, what the archive has must do, and the replay says whether it did.
 */
async function pushWal(archive: Archive): Promise<void> {
  await inSession(archive.context.admin, DESK, async (session) => {
    const written = await session.query("SELECT pg_current_xact_id()");
    if (!written.ok) return written;
    const lsn = await oneValue(session, "SELECT pg_current_wal_insert_lsn()");
    return lsn.ok ? untilArchived(archive, session, { lsn: lsn.value ?? "0/0" }) : lsn;
  });
}

function textOf(at: number): string {
  return new Date(at).toISOString();
}
