// The tables of the journal, as numbered migrations. Never edit one that was released: add the next.
import type { DatabaseSync } from "node:sqlite";
import { applicationId } from "./header.ts";
import { insertMeta, setSchema } from "./meta.ts";

export type Migration = (db: DatabaseSync) => void;

/** The n-th (from 1) leads to schema version n. */
export const migrations: readonly Migration[] = [
  (db) => {
    db.exec(`
      CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1), schema_version INTEGER NOT NULL, journal TEXT NOT NULL,
        epoch INTEGER NOT NULL, head_seq INTEGER NOT NULL, head_hash TEXT NOT NULL, sum TEXT NOT NULL
      ) STRICT;
      CREATE TABLE event (
        seq INTEGER PRIMARY KEY, type TEXT NOT NULL, t_wall INTEGER NOT NULL, t_mono INTEGER NOT NULL,
        boot TEXT NOT NULL, epoch INTEGER NOT NULL, data TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL
      ) STRICT;
      CREATE INDEX event_by_type ON event (type, seq);
      CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
        BEGIN SELECT RAISE(ABORT, 'facts are never changed'); END;
      CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
        BEGIN SELECT RAISE(ABORT, 'facts are never deleted'); END;
      CREATE TABLE snapshot (
        fold TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL, event_hash TEXT NOT NULL,
        state TEXT NOT NULL, sum TEXT NOT NULL, PRIMARY KEY (fold, version)
      ) STRICT;
      CREATE TABLE outbox (
        id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, recipient TEXT NOT NULL, subject TEXT NOT NULL,
        body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, sum TEXT NOT NULL, UNIQUE (key, recipient)
      ) STRICT;
      PRAGMA application_id = ${applicationId};
    `);
    const { id } = db.prepare("SELECT lower(hex(randomblob(16))) AS id").get() as { id: string };
    insertMeta(db, id);
  },
];

export const newestSchema = migrations.length;

/** True for a file without a single table: a new one, or one whose making was cut short. */
export function isBlank(db: DatabaseSync): boolean {
  const { n } = db.prepare("SELECT count(*) AS n FROM sqlite_schema").get() as { n: number };
  return n === 0;
}

/** The version that the file has; 0 for a new one. */
export function schemaOf(db: DatabaseSync): number {
  const { user_version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  return user_version;
}

/**
 * Bring the file to the newest schema, one transaction a step, then move it all into the main file so that
 * an older Lastgood can see from the header alone that it must keep away.
 */
export function migrate(db: DatabaseSync, steps: readonly Migration[] = migrations): void {
  const from = schemaOf(db);
  if (from >= steps.length) return;
  for (let version = from + 1; version <= steps.length; version += 1) {
    db.exec("BEGIN IMMEDIATE");
    steps[version - 1]?.(db);
    db.exec(`PRAGMA user_version = ${version}`);
    setSchema(db, version);
    db.exec("COMMIT");
  }
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
}
