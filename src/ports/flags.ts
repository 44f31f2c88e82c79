import type { Flag, Flags as FlagTable, FlagValue } from "../core/flags/model.ts";
import type { FlagState as FlagFold } from "../core/flags/state.ts";
import type { Result } from "../core/result.ts";
import type { Op } from "./op.ts";

export type FlagState = {
  readonly on: boolean;
  /** Rises by one with every change, whoever made it. */
  readonly version: number;
};

/** Switches inside the app, as a step of a plan uses them. */
export interface Flags {
  /** `missing` where no such flag is known. */
  read(name: string): Promise<Result<FlagState>>;
  /** Compare and set. `conflict` when the version moved, `fenced` on a lower epoch. */
  write(op: Op, name: string, expected: number, on: boolean): Promise<Result<FlagState>>;
}

/** A switch as it is to be written down. */
export type FlagChange = {
  readonly flag: string;
  readonly variant: string;
  readonly by: string;
  readonly why: string;
  readonly incident: string | null;
  readonly until: number | null;
  readonly op: string | null;
};

/** What is known of an environment's flags, and the one place where switches are written down. */
export interface FlagBook {
  /** As defined, without switches. */
  flags(): FlagTable;
  state(): FlagFold;
  epoch(): number;
  /** Durable when it returns, and on its way to every subscriber. */
  change(change: FlagChange): void;
}

/** Where definitions come from. */
export interface FlagSource {
  readonly name: string;
  /** The whole text; null where it is the same as at the last call. `missing` where there is none. */
  read(): Promise<Result<string | null>>;
}

/** What somebody else wrote, on top of the version that we wrote last (0: never). */
export type Foreign = { readonly variables: ReadonlyMap<string, string>; readonly since: number };

/** A place that repeats what flags are, for readers who know nothing of the service: an `.env` file. */
export interface FlagMirror {
  readonly name: string;
  /** Make it say so. Everything else in it is left alone. */
  write(variables: ReadonlyMap<string, string>, version: number): Promise<Result<void>>;
  /** What it says of these now. */
  read(names: readonly string[]): Promise<Result<ReadonlyMap<string, string>>>;
  /** Which of these say something else since we wrote; each is told once. */
  foreign(variables: ReadonlyMap<string, string>): Promise<Result<Foreign>>;
}

export type Evaluated = {
  readonly value?: FlagValue;
  readonly variant?: string;
  readonly reason: string;
  readonly errorCode?: string;
  readonly errorMessage?: string;
};

/** Evaluates for clients that cannot do it themselves. */
export interface FlagEvaluator {
  evaluate(name: string, flag: Flag, context: Readonly<Record<string, unknown>>): Evaluated;
}
