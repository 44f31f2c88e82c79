// database.backup: a whole copy under a fresh name. The same op gives the same backup.
import { ok, problem, type Result } from "../core/result.ts";
import type { Database } from "../ports/database.ts";
import type { StepKind } from "../ports/step.ts";
import type { World } from "../ports/world.ts";
import { backupInput, copiedEvidence } from "./inputs.ts";

export const databaseBackup: StepKind = {
  kind: "database.backup",
  class: "convergent",
  limitMs: () => 30 * 60_000,
  before: async () => ok(null),
  async run({ world, op, step }, input) {
    const { label, copy, store } = backupInput.parse(input);
    const database = databaseOf(world, store);
    if (!database.ok) return database;
    const copied = copy === undefined ? null : copiedEvidence.safeParse(step(copy)?.evidence);
    const made = await database.value.backUp(op, label, copied?.success ? copied.data : null);
    return made.ok ? ok({ backup: made.value.id }) : made;
  },
  async probe({ world, op }, input) {
    const { store } = backupInput.parse(input);
    const database = databaseOf(world, store);
    const backups = database.ok ? await database.value.backups() : database;
    if (!backups.ok) return { is: "unknown", what: backups.error.what };
    const made = backups.value.find((backup) => backup.op === op.id);
    if (!made) return { is: "absent" };
    const position = backupInput.parse(input).position ? await world.database?.position() : null;
    return {
      is: "applied",
      evidence: {
        ...{ backup: made.id, bytes: made.bytes, position: position?.ok ? position.value : null },
        ...(store === undefined ? {} : { store }),
      },
    };
  },
  repair: async () => ok(undefined),
};

export function databaseOf(world: World, store?: string): Result<Database> {
  const beside = store === undefined ? undefined : world.stores?.[store];
  if (beside) return ok(beside);
  if (store !== undefined)
    return problem(
      "config",
      `this environment has no ${store}`,
      `Add a \`${store}:\` section to lastgood.yml.`,
    );
  if (world.database) return ok(world.database);
  return problem("config", "this environment has no database", "Add a `database:` section to lastgood.yml.");
}
