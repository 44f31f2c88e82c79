// What is verified when a journal is opened: its newest facts, so that opening costs the same at any length.
import type { DatabaseSync } from "node:sqlite";
import { brokenLink, emptyLink, genesis, type Link, type Row, unseal } from "../core/chain.ts";
import { limits } from "../core/limits.ts";
import { err, ok, type Result } from "../core/result.ts";
import type { CopyEnd } from "./copy.ts";
import { type Meta, readMeta } from "./meta.ts";
import type { Rows } from "./rows.ts";
import { newestSnapshot } from "./snapshots.ts";

export type Checked = { readonly meta: Meta; readonly link: Link };

/** Why a journal must not be used: it is damaged, or a newer version wrote into it. */
export type Unfit = { readonly is: "damaged" | "unknown"; readonly why: string };

/**
 * The anchor (meta), the facts since the newest snapshot but at most `limits.journalTailEvents`, that nothing
 * comes after the anchored head, and that the copy does not know more than the journal. The rest of the
 * chain is for `verifyJournal`, and each fact is checked again whenever it is read.
 */
export function checkTail(db: DatabaseSync, rows: Rows, copy: CopyEnd): Result<Checked, Unfit> {
  const meta = readMeta(db);
  if (!meta.ok) return unfit(meta.error);
  const { headSeq, headHash } = meta.value;
  const from = Math.max(1, headSeq - limits.journalTailEvents + 1, Math.min(newestSnapshot(db), headSeq));
  const tail = rows.from(from, limits.journalTailEvents + 1);
  if (!tail.ok) return unfit(tail.error);
  const link = walk(tail.value, from);
  if (!link.ok) return link;
  if (link.value.seq !== headSeq || link.value.hash !== headHash) {
    return unfit(`it should end with fact ${headSeq}, but ends with ${link.value.seq}`);
  }
  const behind = checkCopy(rows, copy, headSeq);
  return behind === null ? ok({ meta: meta.value, link: link.value }) : unfit(behind);
}

function walk(tail: readonly Row[], from: number): Result<Link, Unfit> {
  let link: Link | null = null;
  for (const row of tail) {
    const before = link ?? { seq: from - 1, hash: from === 1 ? genesis : row.prev };
    const broken = brokenLink(before, row);
    if (broken !== null) return unfit(broken);
    const event = unseal(row);
    if (!event.ok) return event;
    link = row;
  }
  return ok(link ?? { ...emptyLink, seq: from - 1 });
}

/** The copy is written after the journal, so facts that only it has were in this journal once. */
function checkCopy(rows: Rows, copy: CopyEnd, headSeq: number): string | null {
  const { seq, hash } = copy.last;
  if (seq === 0) return null;
  if (seq > headSeq) {
    return `it ends with fact ${headSeq}, but its copy goes on to ${seq}: facts were lost, or an old file was put back`;
  }
  const row = rows.one(seq);
  if (!row.ok) return row.error;
  return row.value?.hash === hash ? null : `its fact ${seq} is another one than in its copy`;
}

function unfit(why: string): Result<never, Unfit> {
  return err({ is: "damaged", why });
}
