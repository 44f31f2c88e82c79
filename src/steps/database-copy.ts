// database.copy: the database as it lies there, copied while requests wait. The backup after it is made of the copy.
import { ok } from "../core/result.ts";
import { databaseOf } from "./database-backup.ts";
import { readStep } from "./read-step.ts";

/**
 * As a look: what serves is as it was, and a second time it finds what the first one made. That there is none, because
 * somebody was at work, is an answer; that one was promised and failed is a failure, and the deploy ends.
 */
export const databaseCopy = readStep({
  kind: "database.copy",
  limitMs: () => 60_000,
  async run({ world, op }) {
    const database = databaseOf(world);
    if (!database.ok) return database;
    const copied = await database.value.copies?.take(op);
    if (!copied) return ok({ copy: null, why: "this kind of database has no copies" });
    return copied.ok ? ok({ ...copied.value }) : copied;
  },
});
