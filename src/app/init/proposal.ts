// What init proposes: each value with where it comes from, and what is left open.
import type { Probe } from "./probes.ts";

/** A value and where it comes from. */
export type Because<T> = { readonly value: T; readonly because: string };

export type ProposedEntry = {
  readonly name: string;
  readonly role: "app" | "worker" | "stateful" | "edge" | "once";
  readonly because: string;
  readonly port: Because<number> | null;
  readonly probe: Probe | null;
};

export type Migration = {
  readonly service: string;
  readonly command: readonly string[];
  readonly because: string;
};

export type Check = {
  readonly kind: "postgres" | "redis" | "nginx";
  readonly fields: Readonly<Record<string, string>>;
  readonly because: string;
};

export type ProposedDatabase = Because<Readonly<Record<string, string>>>;

export type Proposal = {
  readonly app: string;
  readonly compose: Because<readonly string[]>;
  readonly envFiles: Because<readonly string[]>;
  readonly project: Because<string>;
  readonly versionVariable: Because<string> | null;
  readonly blank: readonly string[];
  readonly services: readonly ProposedEntry[];
  readonly migration: Migration | null;
  /** Keys of the `database` section. */
  readonly database: ProposedDatabase | null;
  /** What doctor can ask, by kind. */
  readonly checks: readonly Check[];
  /** Where users arrive, by what the files say. */
  readonly publicUrl: Because<string> | null;
  /** What a person should look over. */
  readonly assumed: readonly string[];
  /** What nothing told. */
  readonly unknown: readonly string[];
};
