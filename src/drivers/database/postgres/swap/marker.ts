// The marker: the last line of a database's comment says which restores made it what it is, and what is under way.
import { z } from "zod";

/** Begins our line; whatever stands above it is the user's own comment. */
const BEGIN = "lastgood:";
/** Older ones can't be asked for any more: their runs ended long ago. */
const APPLIED_MAX = 50;

const op = z.string().min(1);
const oid = z.string().regex(/^\d+$/);

const markSchema = z.object({
  /** The database that this line was written for. A copy or a dump takes comments along, never oids. */
  oid,
  /** The highest epoch that changed it. */
  epoch: z.int(),
  /** Ops of the restores that led here, oldest first. */
  applied: z.array(op),
  /** It is fenced, and this database is to take its name. */
  fencing: z.object({ op, side: oid }).optional(),
  /** Restored whole and verified from this backup, and not in place yet. `of` is the backup's sha256. */
  prepared: z.object({ op, backup: z.string(), of: z.string(), at: z.number() }).optional(),
  /** A template copy of the database `of`, taken by `op` at that moment: what a backup's snapshot and position say. */
  point: z
    .object({
      op,
      of: z.string(),
      at: z.number(),
      ms: z.number(),
      s0: z.string(),
      inexact: z.string().nullable(),
      lsn: z.string(),
      timeline: z.int(),
    })
    .optional(),
  /** What the restore `op` of the database `of` replaced. `readOnly`: what its people had set for default_transaction_read_only. */
  kept: z.object({ op, of: z.string(), at: z.number(), readOnly: z.string().nullable() }).optional(),
});

export type Mark = z.infer<typeof markSchema>;

export type Marked = { readonly own: string | null; readonly mark: Mark | null };

/** Parts the user's own comment from our line. A line that was written for another database does not count. */
export function readComment(comment: string | null, oid: string): Marked {
  if (comment === null) return { own: null, mark: null };
  const at = comment.lastIndexOf(BEGIN);
  if (at < 0 || (at > 0 && comment[at - 1] !== "\n")) return { own: comment, mark: null };
  const mark = parse(comment.slice(at + BEGIN.length));
  if (mark === null) return { own: comment, mark: null };
  const own = at === 0 ? null : comment.slice(0, at - 1);
  return { own, mark: mark.oid === oid ? mark : null };
}

/** The comment of the user's own, without what we added to it. */
export function ownComment(comment: string | null, oid: string): string | null {
  return readComment(comment, oid).own;
}

export function writeComment(own: string | null, mark: Mark): string {
  const line = `${BEGIN}${JSON.stringify({ ...mark, applied: mark.applied.slice(-APPLIED_MAX) })}`;
  return own === null ? line : `${own}\n${line}`;
}

export function freshMark(oid: string, epoch: number): Mark {
  return { oid, epoch, applied: [] };
}

function parse(text: string): Mark | null {
  try {
    const read = markSchema.safeParse(JSON.parse(text));
    return read.success ? read.data : null;
  } catch {
    return null;
  }
}
