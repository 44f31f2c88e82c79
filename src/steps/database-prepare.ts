// database.prepare: a backup is restored beside the live database while the app goes on, so that only the swap is left.
import { ok } from "../core/result.ts";
import { databaseOf } from "./database-backup.ts";
import { restoreInput } from "./inputs.ts";
import { readStep } from "./read-step.ts";

/** As a look: it changes nothing that serves, and a second time it finds what the first one made. */
export const databasePrepare = readStep({
  kind: "database.prepare",
  limitMs: () => 12 * 60 * 60_000,
  async run({ world, op }, input) {
    const { backup, store } = restoreInput.parse(input);
    const database = databaseOf(world, store);
    if (!database.ok) return database;
    const prepared = await database.value.prepare?.(op, backup);
    if (!prepared) return ok({ beside: false });
    return prepared.ok ? ok({ beside: true }) : prepared;
  },
});
