// database.backup: a whole copy under a fresh name. The same op gives the same backup.
import { ok, problem, type Result } from "../core/result.ts";
import type { Database } from "../ports/database.ts";
import type { StepKind } from "../ports/step.ts";
import type { World } from "../ports/world.ts";
import { backupInput } from "./inputs.ts";

export const databaseBackup: StepKind = {
  kind: "database.backup",
  class: "convergent",
  limitMs: () => 30 * 60_000,
  before: async () => ok(null),
  async run({ world, op }, input) {
    const database = databaseOf(world);
    if (!database.ok) return database;
    const made = await database.value.backUp(op, backupInput.parse(input).label);
    return made.ok ? ok({ backup: made.value.id }) : made;
  },
  async probe({ world, op }, input) {
    const backups = await world.database?.backups();
    if (!backups?.ok) return { is: "unknown", what: backups?.error.what ?? "no database is configured" };
    const made = backups.value.find((backup) => backup.op === op.id);
    if (!made) return { is: "absent" };
    const position = backupInput.parse(input).position ? await world.database?.position() : null;
    return {
      is: "applied",
      evidence: { backup: made.id, bytes: made.bytes, position: position?.ok ? position.value : null },
    };
  },
  repair: async () => ok(undefined),
};

export function databaseOf(world: World): Result<Database> {
  if (world.database) return ok(world.database);
  return problem("config", "this environment has no database", "Add a `database:` section to lastgood.yml.");
}
