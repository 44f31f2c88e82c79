// A look at the journal's file before SQLite touches it: what is not ours or not whole stays as it is.
import type { Err, Problem } from "../core/result.ts";
import { problem } from "../core/result.ts";
import { look, readBytes } from "./disk.ts";
import { damaged } from "./faults.ts";
import type { JournalPaths } from "./paths.ts";

/** "LGJ1" in the header of the file: application_id. */
export const applicationId = 0x4c474a31;

/** Offsets in SQLite's file header (https://www.sqlite.org/fileformat2.html#the_database_header). */
const header = { bytes: 100, userVersion: 60, applicationId: 68 };
const magic = "SQLite format 3\0";

/**
 * Null when the file may be opened: it is ours, or it is empty or missing. Reads 100 bytes, writes nothing.
 * `known`: the copy beside it holds facts, so a file that does not look like ours is a damaged one.
 */
export function refuseHeader(paths: JournalPaths, newestSchema: number, known: boolean): Err<Problem> | null {
  const size = look(paths.file)?.size ?? 0;
  const walSize = look(paths.wal)?.size ?? 0;
  // SQLite would delete the log of an empty file; the log may hold the only facts that are left.
  if (size === 0)
    return walSize === 0 ? null : damaged(paths.file, "it is empty, but its write-ahead log is not");
  const bytes = readBytes(paths.file, 0, header.bytes);
  if (bytes.length < header.bytes) return damaged(paths.file, `it has only ${bytes.length} bytes`);
  if (bytes.toString("latin1", 0, magic.length) !== magic)
    return damaged(paths.file, "it is not an SQLite file");
  const application = bytes.readUInt32BE(header.applicationId);
  const schema = bytes.readUInt32BE(header.userVersion);
  if (schema > newestSchema && application === applicationId) return tooNew(paths.file, schema, newestSchema);
  // A crash while a new file is made leaves one page, or all of it still in the log.
  const unfinished =
    application === 0 && schema === 0 && (walSize > 0 || look(paths.rollback) !== null || size <= 4096);
  if (application !== applicationId && !unfinished) {
    return known ? damaged(paths.file, "its header is not that of a journal") : notOurs(paths.file);
  }
  return null;
}

export function tooNew(file: string, schema: number, newestSchema: number): Err<Problem> {
  return problem(
    "refused",
    `the journal ${file} was written by a newer Lastgood (schema ${schema}; this one knows ${newestSchema})`,
    "run the newer version, or put back the copy of the state folder made before the upgrade",
    file,
  );
}

export function notOurs(file: string): Err<Problem> {
  return problem(
    "refused",
    `${file} is the database of another program`,
    "choose another state folder",
    file,
  );
}
