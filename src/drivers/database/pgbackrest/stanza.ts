// What pgBackRest says of one stanza: its sets, and the WAL that it holds.
import { z } from "zod";
import { parseJson } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { ServerSet } from "../../../ports/point-in-time.ts";
import type { Archive } from "./archive.ts";
import { backrest } from "./backrest.ts";

const infoSchema = z.array(
  z.object({
    name: z.string(),
    status: z.object({ code: z.int(), message: z.string() }),
    db: z.array(z.object({ id: z.int(), version: z.string() })),
    archive: z.array(z.object({ database: z.object({ id: z.int() }), max: z.string().nullable() })),
    backup: z.array(
      z.object({
        label: z.string(),
        type: z.enum(["full", "diff", "incr"]),
        database: z.object({ id: z.int() }),
        error: z.boolean().nullish(),
        timestamp: z.object({ start: z.int(), stop: z.int() }),
        lsn: z.object({ stop: z.string().nullish() }).nullish(),
        info: z.object({ size: z.number(), repository: z.object({ delta: z.number() }) }),
      }),
    ),
  }),
);

export type StanzaSet = ServerSet & {
  /** From here on the server can be had as it was. */
  readonly stopLsn: string;
  /** What it takes once restored. */
  readonly restoredBytes: number;
};

export type Stanza = {
  /** Was it made? */
  readonly made: boolean;
  /** Newest first; without those that are known to be damaged. */
  readonly sets: readonly StanzaSet[];
  /** Names of the newest WAL segments of this server that it holds, one of each repository. */
  readonly newestWal: readonly string[];
};

/** `2`: there is no set yet, and the stanza is whole otherwise. */
const usable = new Set([0, 2]);

export async function lookAtStanza(archive: Archive): Promise<Result<Stanza>> {
  const said = await backrest(archive, ["info", "--output=json"], { effect: "read", op: null });
  if (!said.ok) return said;
  const read = infoSchema.safeParse(parseJson(said.value));
  const info = read.data?.find((one) => one.name === archive.config.stanza);
  if (!read.success)
    return problem(
      "failed",
      "pgbackrest info says what this version can't read",
      "report it, with its version",
    );
  if (info === undefined) return ok({ made: false, sets: [], newestWal: [] });
  // After an upgrade of the server its past lies in another archive, with other names.
  const now = info.db.at(-1)?.id;
  const sets = info.backup
    .filter(({ error, database }) => error !== true && database.id === now)
    .flatMap(setOf);
  return ok({
    made: usable.has(info.status.code),
    sets: sets.sort((a, b) => b.at - a.at),
    newestWal: info.archive.flatMap(({ database, max }) =>
      database.id !== now || max === null ? [] : [max],
    ),
  });
}

type Told = z.infer<typeof infoSchema>[number]["backup"][number];

/** None where its program was too old to say where in the WAL it ends. */
function setOf({ label, type, timestamp, lsn, info }: Told): readonly StanzaSet[] {
  if (!lsn?.stop) return [];
  const at = timestamp.stop * 1_000;
  const { size, repository } = info;
  return [{ id: label, kind: type, at, bytes: repository.delta, stopLsn: lsn.stop, restoredBytes: size }];
}
