// Everything outside that a step may touch, for one environment. Steps get this and nothing else.

import type { Children } from "./children.ts";
import type { Clock } from "./clock.ts";
import type { Database } from "./database.ts";
import type { Flags } from "./flags.ts";
import type { HttpClient } from "./http-client.ts";
import type { Runtime } from "./runtime.ts";
import type { Traffic } from "./traffic.ts";

export type World = {
  readonly runtime: Runtime;
  readonly traffic: Traffic;
  /** Null where the environment has no database of ours to look after. */
  readonly database: Database | null;
  /** Null where the environment has no flags of ours. */
  readonly flags: Flags | null;
  readonly http: HttpClient;
  readonly children: Children;
  readonly clock: Clock;
};
