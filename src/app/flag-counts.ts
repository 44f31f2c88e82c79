// What apps say they evaluated: counts by variant, and the defaults in their code. In memory: it is no fact about production.
import { limits } from "../core/flags/limits.ts";
import type { Json } from "../core/json.ts";

export type FlagUse = {
  readonly variants: Readonly<Record<string, number>>;
  /** Wall clock of the newest report. */
  readonly at: number;
  /** What apps pass where nothing is known. */
  readonly defaults: readonly Json[];
};

export function openCounts() {
  const uses = new Map<string, { variants: Map<string, number>; at: number; defaults: Json[] }>();
  const unknown = new Map<string, number>();
  let rows = 0;

  /** Ignores what is no name or number: it comes from apps. Returns how many evaluations it took. */
  function add(flag: string, variants: Readonly<Record<string, number>>, at: number): number {
    const use = uses.get(flag) ?? { variants: new Map<string, number>(), at, defaults: [] };
    if (!uses.has(flag) && rows < limits.countedVariants) uses.set(flag, use);
    let taken = 0;
    for (const [variant, count] of Object.entries(variants)) {
      if (!Number.isFinite(count) || count < 0 || rows >= limits.countedVariants) continue;
      if (!use.variants.has(variant)) rows += 1;
      use.variants.set(variant, (use.variants.get(variant) ?? 0) + count);
      taken += count;
    }
    use.at = at;
    return taken;
  }

  function noteDefault(flag: string, value: Json): void {
    const use = uses.get(flag);
    if (use && !use.defaults.includes(value) && use.defaults.length < 4) use.defaults.push(value);
  }

  function noteUnknown(flag: string, count: number): void {
    if (unknown.size < limits.keys * 20 || unknown.has(flag))
      unknown.set(flag, (unknown.get(flag) ?? 0) + count);
  }

  function of(flag: string): FlagUse | null {
    const use = uses.get(flag);
    return use ? { variants: Object.fromEntries(use.variants), at: use.at, defaults: use.defaults } : null;
  }

  return { add, noteDefault, noteUnknown, of, unknown: (): readonly string[] => [...unknown.keys()] };
}
