// Names of the files that belong to one journal.
import { dirname, extname } from "node:path";

export type JournalPaths = {
  readonly folder: string;
  /** The SQLite file. */
  readonly file: string;
  readonly wal: string;
  /** SQLite's rollback journal: there only while a new file is being made. */
  readonly rollback: string;
  /** Every fact once more, one JSON document a line. */
  readonly copy: string;
  /** Space kept for the last facts on a full disk. */
  readonly ballast: string;
};

export function journalPaths(file: string): JournalPaths {
  const stem = file.slice(0, file.length - extname(file).length);
  return {
    folder: dirname(file),
    file,
    wal: `${file}-wal`,
    rollback: `${file}-journal`,
    copy: `${stem}.ndjson`,
    ballast: `${stem}.ballast`,
  };
}

const utc = new Intl.DateTimeFormat("sv-SE", { timeZone: "UTC", dateStyle: "short", timeStyle: "medium" });

/** A moment (milliseconds since 1970) as a part of a file name, e.g. `20261122T014455.123Z`. */
export function fileTime(at: number): string {
  const second = utc.format(at).replace(/[-:]/g, "").replace(" ", "T");
  return `${second}.${String(Math.abs(Math.round(at)) % 1_000).padStart(3, "0")}Z`;
}
