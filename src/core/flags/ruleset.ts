// The rules as they go to clients: everything once, then only what changed. Versions only rise.
import type { Flag, Flags } from "./model.ts";

export type Ruleset = { readonly version: number; readonly flags: Flags };

export type Delta = {
  /** Fits only on this version. */
  readonly from: number;
  readonly version: number;
  readonly set: Readonly<Record<string, Flag>>;
  readonly gone: readonly string[];
};

/** What changed. Flags that are the same object or the same JSON did not. */
export function deltaOf(before: Ruleset, after: Ruleset): Delta {
  const set: [string, Flag][] = [];
  for (const [name, flag] of after.flags) {
    const former = before.flags.get(name);
    if (former === flag || (former && JSON.stringify(former) === JSON.stringify(flag))) continue;
    set.push([name, flag]);
  }
  const gone = [...before.flags.keys()].filter((name) => !after.flags.has(name));
  return { from: before.version, version: after.version, set: Object.fromEntries(set), gone };
}
