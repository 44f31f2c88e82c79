// Names of the databases that belong to an op, and how names are written into SQL.
import { createHash } from "node:crypto";

/** The server cuts names off silently after this many bytes. */
const NAME_BYTES_MAX = 63;
const OP_CHARS = 20;

/** Where a backup is restored before it takes the live name. */
export function restoreName(database: string, op: string): string {
  return nameFor(database, "restore", op);
}

/** What a restore replaced, kept until its time is over. */
export function keptName(database: string, op: string): string {
  return nameFor(database, "before", op);
}

/** A template copy, taken for a restore point. */
export function pointName(database: string, op: string): string {
  return nameFor(database, "point", op);
}

/** Where a drill restores to; dropped at its end. */
export function drillName(database: string, op: string): string {
  return nameFor(database, "drill", op);
}

/** `"name"`, safe in any statement. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** `'text'`, safe in any statement that takes no parameters. */
export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

function nameFor(database: string, role: string, op: string): string {
  const end = `_${role}_${short(op)}`;
  return `${cut(database, NAME_BYTES_MAX - Buffer.byteLength(end))}${end}`;
}

/** Ops are hashes already; one that is not, or is long, becomes one. */
function short(op: string): string {
  return /^[a-z0-9_-]+$/.test(op) && op.length <= OP_CHARS ? op : digest(op, OP_CHARS);
}

/** A name that had to be cut is told from others by a hash of all of it. */
function cut(name: string, bytes: number): string {
  if (Buffer.byteLength(name) <= bytes) return name;
  const mark = `_${digest(name, 6)}`;
  let kept = name;
  while (Buffer.byteLength(kept) > bytes - mark.length) kept = [...kept].slice(0, -1).join("");
  return `${kept}${mark}`;
}

function digest(text: string, chars: number): string {
  return createHash("sha256").update(text).digest("hex").slice(0, chars);
}
