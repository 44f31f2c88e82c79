// Everything outside that a step may touch, for one environment. Steps get this and nothing else.

import type { Adoption } from "./adoption.ts";
import type { Children } from "./children.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Flags } from "./flags.ts";
import type { FlowTools } from "./flows.ts";
import type { HttpClient } from "./http-client.ts";
import type { Migrations } from "./migrations.ts";
import type { Rollout } from "./rollout.ts";
import type { Runtime } from "./runtime.ts";
import type { Tasks } from "./tasks.ts";
import type { Traffic } from "./traffic.ts";
import type { Trials } from "./trials.ts";

export type World = {
  readonly runtime: Runtime;
  /** The edge in front of a service, by the service's name. Asking for it touches nothing. */
  readonly traffic: (service: string) => Traffic;
  /** For platforms that replace services in place; null where releases start beside each other. */
  readonly rollout: Rollout | null;
  /** For commands that run once in a release; null where the runtime can't. */
  readonly tasks: Tasks | null;
  /** For releases that are tried on a copy of the database; null, or left out, where the runtime can't. */
  readonly trials?: Trials | null;
  /** For stacks that may run before Lastgood comes; null where nothing is taken over. */
  readonly adoption: Adoption | null;
  /** Null where the environment has no database of ours to look after. */
  readonly database: Database | null;
  /** What keeps state beside it, by name. Left out: nothing does. */
  readonly stores?: Readonly<Record<string, Database>>;
  /** Null, or left out, where nothing says how the app is migrated. */
  readonly migrations?: Migrations | null;
  /** Null where the environment has no flags of ours. */
  readonly flags: Flags | null;
  /** What smoke flows need beside HTTP; null where nothing of it is here. */
  readonly flows: FlowTools | null;
  readonly http: HttpClient;
  readonly children: Children;
  readonly clock: Clock;
};
