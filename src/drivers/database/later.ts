// A database whose settings are read when it is first used, and again when they changed: a password may be a new one.
import { ok, problem, type Result } from "../../core/result.ts";
import type { BackupCare } from "../../ports/backup-care.ts";
import type { Database } from "../../ports/database.ts";
import type { PointInTime } from "../../ports/point-in-time.ts";
import type { Salvage } from "../../ports/salvage.ts";
import type { SqlClient } from "../../ports/sql.ts";
import type { WithCopy } from "./postgres/copy.ts";

export type Opened = {
  readonly database: Database;
  readonly care: BackupCare;
  readonly salvage: Salvage;
  /** As the app's role. */
  readonly sql: SqlClient;
  readonly copy: WithCopy;
  /** Null where the server's WAL is not archived. */
  readonly pointInTime: PointInTime | null;
  /** What people type before it is replaced. */
  readonly name: string;
};

type Later = Omit<Opened, "name" | "pointInTime"> & {
  readonly pointInTime: PointInTime;
  name(): Promise<Result<string>>;
};

/** `open` gives the same answer as before as long as nothing changed: an opened one has a memory of its own. */
export function laterDatabase(open: () => Promise<Result<Opened>>): Later {
  const use = async <T>(act: (opened: Opened) => Promise<Result<T>>): Promise<Result<T>> => {
    const opened = await open();
    return opened.ok ? act(opened.value) : opened;
  };
  return {
    name: () => use(async ({ name }) => ok(name)),
    database: {
      backUp: (op, label, copied) => use(({ database }) => database.backUp(op, label, copied)),
      backups: () => use(({ database }) => database.backups()),
      rehearse: (backup, look) => use(({ database }) => database.rehearse(backup, look)),
      prepare: (op, backup) =>
        use(async ({ database }) => (await database.prepare?.(op, backup)) ?? ok(undefined)),
      restore: (op, backup) => use(({ database }) => database.restore(op, backup)),
      marker: () => use(({ database }) => database.marker()),
      position: () => use(({ database }) => database.position()),
      sweep: () => use(async ({ database }) => (await database.sweep?.()) ?? ok(undefined)),
      copies: {
        look: () =>
          use(async ({ database }) => (await database.copies?.look()) ?? ok({ rungs: [], copy: false })),
        take: (op) =>
          use(
            async ({ database }) => (await database.copies?.take(op)) ?? ok({ copy: null, why: "not here" }),
          ),
      },
      moment: () => use(async ({ database }) => (await database.moment?.()) ?? ok(null)),
    },
    care: {
      since: (backup) => use(({ care }) => care.since(backup)),
      verify: (backup) => use(({ care }) => care.verify(backup)),
      files: (backup) => use(({ care }) => care.files(backup)),
      intake: (op, path) => use(({ care }) => care.intake(op, path)),
      ask: (queries) => use(({ care }) => care.ask(queries)),
    },
    salvage: {
      since: (backup, signal) => use(({ salvage }) => salvage.since(backup, signal)),
      look: (kept, pick, signal) => use(({ salvage }) => salvage.look(kept, pick, signal)),
      replay: (op, kept, pick) => use(({ salvage }) => salvage.replay(op, kept, pick)),
      replayed: (op) => use(({ salvage }) => salvage.replayed(op)),
    },
    copy: (op, maxBytes, work) => use(({ copy }) => copy(op, maxBytes, work)),
    pointInTime: laterPointInTime(open),
    sql: {
      connect: async (database) => {
        const opened = await open();
        if (opened.ok) return opened.value.sql.connect(database);
        return { ok: false, error: { ...opened.error, sqlState: null } };
      },
    },
  };
}

function laterPointInTime(open: () => Promise<Result<Opened>>): PointInTime {
  const use = async <T>(act: (there: PointInTime) => Promise<Result<T>>): Promise<Result<T>> => {
    const opened = await open();
    if (!opened.ok) return opened;
    const { pointInTime } = opened.value;
    if (pointInTime) return act(pointInTime);
    return problem("config", "nothing archives this server's WAL", "write pointInTime: in lastgood.yml");
  };
  return {
    reach: () => use((there) => there.reach()),
    lacks: () => use((there) => there.lacks()),
    backUp: (op) => use((there) => there.backUp(op)),
    verify: () => use((there) => there.verify()),
    recall: (op, moment) => use((there) => there.recall(op, moment)),
    rehearse: (moment, look) => use((there) => there.rehearse(moment, look)),
  };
}
