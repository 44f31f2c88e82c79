// `kind: sqlite`: a database that is one file of this machine.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { count, path } from "../values.ts";

export const sqliteDatabase = z.strictObject({
  kind: z.literal("sqlite").meta({ description: "Which database. `sqlite`: one SQLite file." }),
  file: path("data/shop.db").meta({ description: "The database file that the app uses." }),
  keepBackups: count(1, 1_000).prefault(limits.keepBackups).meta({
    description: "How many backups are kept; older ones are removed after a new one is whole.",
  }),
});
