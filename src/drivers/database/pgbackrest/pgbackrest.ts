// PostgreSQL with a way back to any moment: its own driver, and beside it the archive that pgBackRest keeps.
import type { Database } from "../../../ports/database.ts";
import type { PointInTime } from "../../../ports/point-in-time.ts";
import type { Context } from "../postgres/context.ts";
import { makeTurns, type Turns } from "../turns.ts";
import { type ArchiveConfig, type ArchiveDeps, openArchive } from "./archive.ts";
import { lacks } from "./lacks.ts";
import { markPoint } from "./mark.ts";
import { reach } from "./moment.ts";
import { recall, rehearseMoment } from "./recall.ts";
import { takeSet, verifyAll } from "./take-set.ts";

export type { ArchiveConfig, ArchiveDeps } from "./archive.ts";

export type Beside = {
  readonly database: Database;
  readonly context: Context;
  /** Turns of what changes the live database, or makes backups. */
  readonly changes: Turns;
};

/** Every backup then has a named point before it, which the archive holds; without that there is no backup. */
export function withPointInTime(
  { database, context, changes }: Beside,
  config: ArchiveConfig,
  deps: ArchiveDeps,
): { readonly database: Database; readonly pointInTime: PointInTime } {
  const archive = openArchive(context, config, deps);
  const drills = makeTurns();
  const sets = makeTurns();
  return {
    database: {
      ...database,
      async backUp(op, label, copied) {
        const marked = await markPoint(archive, op, label);
        return marked.ok ? database.backUp(op, label, copied) : marked;
      },
    },
    pointInTime: {
      reach: () => reach(archive),
      lacks: () => lacks(archive),
      backUp: (op) => sets(() => takeSet(archive, op), op.signal),
      verify: () => verifyAll(archive),
      recall: (op, moment) => changes(() => recall(archive, op, moment), op.signal),
      rehearse: (moment, look) => drills(() => rehearseMoment(archive, moment, look)),
    },
  };
}
