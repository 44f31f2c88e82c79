// `backups:` when the database is backed up, what is kept, and how backups are proved.
import { z } from "zod";
import { count, duration, timeOfDay } from "../values.ts";
import { second } from "./second-place.ts";

const daysKept = 7;
const weeksKept = 4;
const monthsKept = 6;

const kept = z.strictObject({
  daily: count(0, 366).prefault(daysKept).meta({
    description: "For so many days, the newest backup of each.",
  }),
  weekly: count(0, 260).prefault(weeksKept).meta({
    description: "For so many weeks, the newest backup of each.",
  }),
  monthly: count(0, 120).prefault(monthsKept).meta({
    description: "For so many months, the newest backup of each.",
  }),
});

const drill = z.strictObject({
  every: duration(60_000).prefault("168h").meta({
    description:
      "How often the newest backup is really restored beside the live database, checked and measured.",
  }),
  at: timeOfDay("03:15").optional().meta({
    description: "Time of day that it counts from, UTC. Without it: from the last one.",
  }),
});

export const backups = z.strictObject({
  every: duration(60_000).prefault("24h").meta({ description: "How often a backup is taken." }),
  at: timeOfDay("04:30").optional().meta({
    description: "Time of day that it counts from, UTC. Without it: from the last one.",
  }),
  keep: kept.prefault({}).meta({
    description:
      "What is kept beside the newest ones (database: keepBackups). The newest that a drill proved always is.",
  }),
  second: second.optional().meta({
    description:
      "Where each backup is copied to and read back: another disk, another machine, or an object store. What lies only there is fetched when it is needed.",
  }),
  drill: drill.prefault({}).meta({ description: "How backups are proved." }),
});
