// In which order rows are put back so that every foreign key finds its parent.

export type Reference = { readonly name: string; readonly from: string; readonly to: string };

export type ReplayOrder = {
  /** Parents before their children. */
  readonly tables: readonly string[];
  /** References that no order can satisfy (to itself, or in a circle): they must be checked at the end. */
  readonly late: readonly Reference[];
};

/** Deterministic: by name where there is a choice. A circle is broken at the table with the fewest open parents. */
export function replayOrder(tables: readonly string[], references: readonly Reference[]): ReplayOrder {
  const known = new Set(tables);
  const inside = references.filter(({ from, to }) => known.has(from) && known.has(to));
  const waiting = new Set([...tables].sort());
  const ordered: string[] = [];
  while (waiting.size > 0) {
    const next = fewestParents(waiting, inside);
    waiting.delete(next);
    ordered.push(next);
  }
  const place = new Map(ordered.map((table, at) => [table, at]));
  const late = inside.filter(({ from, to }) => (place.get(to) ?? 0) >= (place.get(from) ?? 0));
  return { tables: ordered, late };
}

function fewestParents(waiting: ReadonlySet<string>, references: readonly Reference[]): string {
  let best: { readonly table: string; readonly open: number } | null = null;
  for (const table of waiting) {
    const parents = references.filter(({ from, to }) => from === table && to !== table && waiting.has(to));
    const open = new Set(parents.map(({ to }) => to)).size;
    if (best === null || open < best.open) best = { table, open };
    if (open === 0) break;
  }
  return best?.table ?? "";
}
