// A store beside the database: whatever it is called here begins with the store's name, so that an id says where it is from.
import { ok, problem, type Result } from "../../core/result.ts";
import type { BackupCare } from "../../ports/backup-care.ts";
import type { Backup, Database } from "../../ports/database.ts";

type Kept = { readonly database: Database; readonly care: BackupCare };

export function beside(name: string, { database, care }: Kept): Kept {
  const outside = (id: string) => `${name}-${id}`;
  const shown = (backup: Backup): Backup => ({ ...backup, id: outside(backup.id) });
  const inside = async <T>(id: string, act: (own: string) => Promise<Result<T>>): Promise<Result<T>> =>
    id.startsWith(`${name}-`)
      ? act(id.slice(name.length + 1))
      : problem("missing", `${id} is no snapshot of ${name}`, "lastgood backup list");
  const all = async (listed: Result<readonly Backup[]>) => (listed.ok ? ok(listed.value.map(shown)) : listed);
  const one = async (made: Result<Backup>) => (made.ok ? ok(shown(made.value)) : made);
  return {
    database: {
      ...database,
      backUp: async (op, label) => one(await database.backUp(op, label)),
      backups: async () => all(await database.backups()),
      rehearse: (id, look) => inside(id, (own) => database.rehearse(own, look)),
      prepare: (op, id) => inside(id, async (own) => (await database.prepare?.(op, own)) ?? ok(undefined)),
      restore: (op, id) =>
        inside(id, async (own) => {
          const restored = await database.restore(op, own);
          return restored.ok ? ok({ kept: outside(restored.value.kept) }) : restored;
        }),
    },
    care: {
      ...care,
      since: (id) => inside(id, care.since),
      verify: (id) => inside(id, care.verify),
      files: (id) => inside(id, care.files),
      intake: async (op, path) => one(await care.intake(op, path)),
    },
  };
}
