// The manifest of a backup: all that is known of it, outside the database. Written last: without one there is no backup.
import { z } from "zod";

const name = z.string().min(1);
/** Numbers of 64 bits are texts. */
const big = z.string().regex(/^\d+$/);
const snapshot = z.string().regex(/^\d+:\d+:[\d,]*$/);

export const tableSchema = z.object({
  schema: name,
  name,
  rows: z.int().nonnegative(),
  /** Of all rows, whatever their order; null where it was not computed. Comparable for equal columns only. */
  hash: z.string().nullable(),
  /** In their order; generated ones too. */
  columns: z.array(name),
  /** Columns of the primary key; empty where there is none. */
  key: z.array(name),
});

const fileSchema = z.object({ path: name, bytes: z.int().nonnegative(), sha256: z.string().length(64) });

export const databaseSchema = z.object({
  oid: big,
  name,
  owner: name,
  encoding: name,
  collate: z.string(),
  ctype: z.string(),
  /** `c` libc, `i` ICU, `b` builtin. */
  localeProvider: z.string(),
  locale: z.string().nullable(),
  collationVersion: z.string().nullable(),
  tablespace: name,
  connectionLimit: z.int(),
  comment: z.string().nullable(),
  /** Null: the defaults (PUBLIC may connect). Else one text an entry, as `aclitem` writes it. */
  acl: z.array(z.string()).nullable(),
  /** `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`: `name=value`; role null for all. */
  settings: z.array(z.object({ role: z.string().nullable(), setting: z.string() })),
  sizeBytes: z.int().nonnegative(),
});

export const serverSchema = z.object({
  systemIdentifier: big,
  /** `server_version`, e.g. `15.18 (Debian …)`. */
  version: name,
  /** `server_version_num`, e.g. 150018. */
  versionNumber: z.int(),
  host: z.string(),
  port: z.int(),
});

export const manifestSchema = z.object({
  version: z.literal(1),
  /** `<label>-<op>`; `before-<op of the restore>` for what a restore kept. */
  id: name,
  op: name,
  /** Wall clock, milliseconds. */
  at: z.number(),
  /** A folder beside this file, a database of the same cluster (a copy, or what a restore kept), or a foreign file. */
  place: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("folder"), path: name, format: z.literal("directory") }),
    z.object({ kind: z.literal("database"), name, oid: big, why: z.enum(["copy", "before"]) }),
  ]),
  /** Of all files, or of the database. */
  bytes: z.int().nonnegative(),
  /** Of the list of files with their digests; of tables and their hashes where it is a database. */
  sha256: z.string(),
  /** Relative to the folder. `sha256` is that of the bytes on disk, encrypted or not. */
  files: z.array(fileSchema),
  encryption: z.object({ method: z.literal("aes-256-gcm"), key: z.string() }).nullable(),
  server: serverSchema,
  /** Of the program that wrote the dump; null where none did. */
  toolVersion: z.string().nullable(),
  database: databaseSchema,
  roles: z.array(
    z.object({ name, login: z.boolean(), superuser: z.boolean(), memberOf: z.array(z.string()) }),
  ),
  /** SQL that makes the roles and tablespaces of the server, without passwords; null where it could not be had. */
  globals: z.string().nullable().optional(),
  extensions: z.array(z.object({ name, version: z.string(), schema: name })),
  /** What else must be there after a restore, by kind: indexes, constraints, triggers, functions, views, sequences. */
  objects: z.record(z.string(), z.int()),
  /** `pg_current_snapshot()` of the very snapshot that was dumped (S0): xmin = xmax unless `inexact` says why not. */
  snapshot: z.object({
    s0: snapshot,
    inexact: z.string().nullable(),
  }),
  position: z.object({ lsn: z.string(), timeline: z.int(), restorePoint: z.string().nullable() }),
  /** Ordered by schema and name. */
  tables: z.array(tableSchema),
  migrations: z.array(z.object({ table: name, rows: z.int(), newest: z.string().nullable() })),
  /** The one that served, whose data it is. */
  release: z.object({ id: z.string(), images: z.record(z.string(), z.string()) }).nullable(),
  /** Each way to keep a restore point: chosen, or why not. */
  ladder: z.array(
    z.object({
      way: z.string(),
      chosen: z.boolean(),
      why: z.string(),
      /** What going back this way takes, as measured here; null or left out where nothing was measured. */
      backMs: z.number().nullable().optional(),
    }),
  ),
  /** The template copy that the dump was made of: the same rows, on the same server, ready to take the name. */
  copy: z.object({ op: name, name, oid: big }).optional(),
  /** Where else a whole copy lies. */
  secondPlace: z.string().nullable(),
  /** The newest drill that passed. */
  rehearsed: z.object({ at: z.number(), ms: z.number() }).nullable(),
  /** The foreign file that it was made of. */
  origin: z.object({ path: name, sha256: z.string(), format: name }).optional(),
  damaged: z.string().optional(),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type DatabaseFacts = z.infer<typeof databaseSchema>;
export type ServerFacts = z.infer<typeof serverSchema>;
export type TableFacts = z.infer<typeof tableSchema>;

/** `schema.name`, as tables are called in messages and in `rows`. */
export function tableName({ schema, name }: { schema: string; name: string }): string {
  return schema === "public" ? name : `${schema}.${name}`;
}
