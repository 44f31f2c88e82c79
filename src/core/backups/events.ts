// Facts about backups, drills and integrity checks.
import { z } from "zod";
import { tried } from "../flows/tried.ts";

const problem = z.strictObject({
  code: z.string(),
  what: z.string(),
  next: z.string(),
  where: z.string().optional(),
});

export const backupEvents = {
  "backup.taken": z.strictObject({
    env: z.string(),
    backup: z.string(),
    bytes: z.number(),
    sha256: z.string(),
    /** Of all tables together. */
    rows: z.number(),
    ms: z.number(),
    /** A person, or `schedule`. */
    by: z.string(),
    /** Where it is not the database but a store beside it: `redis`. */
    store: z.string().optional(),
  }),
  "backup.failed": z.strictObject({
    env: z.string(),
    by: z.string(),
    problem,
    store: z.string().optional(),
  }),
  /** Its bytes were read again; `problem` null where they are what they were. */
  "backup.verified": z.strictObject({
    env: z.string(),
    backup: z.string(),
    problem: problem.nullable(),
    ms: z.number(),
  }),
  /** To the second place; `problem` null where the copy was read back and is the same. */
  "backup.copied": z.strictObject({
    env: z.string(),
    backup: z.string(),
    to: z.string(),
    problem: problem.nullable(),
    ms: z.number(),
  }),
  /** From the second place, because it was not here; `problem` null where every byte is what was written down there. */
  "backup.fetched": z.strictObject({
    env: z.string(),
    backup: z.string(),
    from: z.string(),
    problem: problem.nullable(),
    ms: z.number(),
  }),
  /** It was really restored beside the live database, checked, and taken away again. */
  "drill.done": z.strictObject({
    env: z.string(),
    backup: z.string(),
    takenAt: z.number(),
    bytes: z.number(),
    rows: z.number(),
    /** What the restore took, monotonic milliseconds. */
    ms: z.number(),
    /** Integrity checks that were asked of the restored copy. */
    checks: z.number(),
    by: z.string(),
    /** The matching release on the restored copy; missing in older journals. */
    smoke: tried.optional(),
    store: z.string().optional(),
  }),
  /** A copy of the whole server went into the archive of its WAL. */
  "archive.copied": z.strictObject({
    env: z.string(),
    set: z.string(),
    kind: z.enum(["full", "diff", "incr"]),
    bytes: z.number(),
    ms: z.number(),
    by: z.string(),
  }),
  /** All of the archive was read again; `problem` null where it is what it was. */
  "archive.verified": z.strictObject({ env: z.string(), problem: problem.nullable(), ms: z.number() }),
  /** A moment was restored out of the archive, read, and taken away again. */
  "archive.drilled": z.strictObject({
    env: z.string(),
    moment: z.string(),
    problem: problem.nullable(),
    ms: z.number(),
    checks: z.number(),
    by: z.string(),
  }),
  "drill.failed": z.strictObject({
    env: z.string(),
    backup: z.string().nullable(),
    problem,
    ms: z.number(),
    by: z.string(),
    /** Where it is the matching release that does not work on the copy. */
    smoke: tried.optional(),
    store: z.string().optional(),
  }),
  /** `of`: `live`, or a backup. */
  "integrity.passed": z.strictObject({ env: z.string(), of: z.string(), checks: z.number() }),
  "integrity.failed": z.strictObject({
    env: z.string(),
    of: z.string(),
    checks: z.number(),
    failures: z.array(z.strictObject({ name: z.string(), what: z.string() })),
  }),
} as const;
