// A database that does as it is told, and the desk of its environment, for use cases.
import type { BackupDesk } from "../../src/app/backup-desk.ts";
import { ok, problem } from "../../src/core/result.ts";
import type { Backup, Database } from "../../src/ports/database.ts";

const unasked = async () => problem("failed", "not asked here", "");

/** `room` false: no backup can be taken. */
export function fakeDatabase({ room = true } = {}): { database: Database; desk: BackupDesk; made: Backup[] } {
  const made: Backup[] = [];
  let marker: string | null = null;
  const database: Database = {
    async backUp(op, label) {
      if (!room) return problem("no-space", "the disk is full", "Free some space.");
      const backup = { id: `${label}-${op.id}`, op: op.id, at: 0, bytes: 1, sha256: "x", rows: {} };
      made.unshift(backup);
      return ok(backup);
    },
    backups: async () => ok(made),
    rehearse: unasked,
    async restore(op) {
      marker = op.id;
      return ok({ kept: `before-${op.id}` });
    },
    marker: async () => ok(marker),
    position: async () => ok("here"),
  };
  const desk: BackupDesk = {
    name: async () => ok("shop"),
    care: {
      since: async () => ok({ written: [], gaps: [] }),
      verify: async () => ok(undefined),
      files: async () => ok([]),
      intake: unasked,
      ask: async () => ok([]),
    },
    assertions: [],
    backups: null,
    drills: null,
    second: null,
    bare: false,
    keptUntil: "",
    listen: () => () => undefined,
  };
  return { database, desk, made };
}
