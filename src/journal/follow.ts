// Keeps the NDJSON copy up with the journal, a bounded slice at a time.
import { isIntact, type Row } from "../core/chain.ts";
import { limits } from "../core/limits.ts";
import type { Copy } from "./copy.ts";
import type { Rows } from "./rows.ts";

/**
 * After `fresh` rows were committed: add them to the copy, or, where it lacks older ones (it was removed,
 * the disk was full), the next slice of those. Never throws, and stops before a damaged row.
 */
export function followUp(copy: Copy, rows: Rows, fresh: readonly Row[]): void {
  const next = copy.head() + 1;
  if (fresh[0]?.seq === next) {
    copy.follow(fresh);
    return;
  }
  const missing = missingFrom(rows, next);
  const bad = missing.findIndex((row, i) => row.seq !== next + i || !isIntact(row));
  copy.follow(bad < 0 ? missing : missing.slice(0, bad));
}

function missingFrom(rows: Rows, next: number): readonly Row[] {
  try {
    const found = rows.from(next, limits.journalTailEvents);
    return found.ok ? found.value : [];
  } catch {
    // The journal itself is damaged there. Reading or verifying it says so; the copy has no say in it.
    return [];
  }
}
