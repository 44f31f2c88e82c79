// What was found in a folder and on its machine, before anything is concluded from it.
import type { ComposeModel } from "./compose-model.ts";
import type { Variable } from "./interpolate.ts";
import type { Mentions } from "./mentions.ts";
import type { NginxSite } from "./nginx-text.ts";
import type { Unit } from "./units.ts";

/** A URL in the words of `database: url`: a password stands in it as `${NAME}` only. */
export type DatabaseFinding = {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  readonly because: string;
};

export type ComposeFinding = {
  readonly files: readonly string[];
  /** Why these files. */
  readonly because: string;
  /** Other compose files that lie there. */
  readonly others: readonly string[];
  readonly envFiles: readonly string[];
  /** An example that nobody has copied yet stands in for the env file. */
  readonly envIsExample: boolean;
  readonly variables: readonly Variable[];
  /** Variables that neither an env file nor a default gives a value. */
  readonly missing: readonly string[];
  /** Names that the env files define. */
  readonly defined: readonly string[];
  readonly model: ComposeModel;
  /** Image as it is written, by service: with its variables. */
  readonly rawImages: Readonly<Record<string, string>>;
  /** Null where docker resolved it; otherwise why docker was of no help, in its own words. */
  readonly unresolved: string | null;
  /** The name under which it runs on this machine now; null where it does not. */
  readonly runningAs: string | null;
  /** `NAME` of lines `COMPOSE_PROJECT_NAME=NAME` in an env file. */
  readonly projectInEnv: string | null;
  readonly database: DatabaseFinding | null;
};

export type ContextFinding = {
  readonly dir: string;
  readonly dockerfile: string | null;
  /** `package.json` scripts by name. */
  readonly scripts: Readonly<Record<string, string>>;
  /** Paths that look like health checks in its source, with the file. */
  readonly healthRoutes: readonly { readonly path: string; readonly file: string }[];
  /** A folder of migrations or the schema of a tool. */
  readonly migrations: { readonly tool: string; readonly path: string } | null;
};

export type StanzaFinding = { readonly stanza: string; readonly file: string };

export type Findings = {
  /** Name of the folder. */
  readonly folder: string;
  readonly compose: ComposeFinding | null;
  /** Build contexts and the like, by their path relative to the folder. */
  readonly contexts: readonly ContextFinding[];
  /** Text of the Dockerfile by service, for those that are built here. */
  readonly dockerfiles: Readonly<Record<string, string>>;
  readonly mentions: Mentions;
  readonly nginx: readonly NginxSite[];
  readonly units: readonly Unit[];
  /** What pgBackRest archives on this machine. */
  readonly stanzas: readonly StanzaFinding[];
};
