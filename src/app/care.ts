// What a person needs on a bad day, for one environment.
import type { BreakGlass } from "../ports/break-glass.ts";
import type { Files } from "../ports/files.ts";
import type { Parts } from "../ports/parts.ts";

export type Care = {
  readonly parts: Parts;
  /** Null where nothing can be brought back by hand. */
  readonly glass: GlassCase | null;
};

/** Where the break-glass script goes, and who knows its steps. */
export type GlassCase = {
  readonly driver: BreakGlass;
  /** Outside of the state folder: it must outlive it. */
  readonly folder: string;
  readonly files: Files;
};
