// How a restore is done, where an environment wants it otherwise than usual.
import type { Secret } from "../../../../core/secret.ts";

export type RestoreOptions = {
  /**
   * `refuse`: the app was stopped; whoever comes back after his sessions were ended makes the restore `busy`.
   * `end`: whoever is there is shut out for the moment of the exchange, and meets the other database when he is back.
   */
  readonly sessions: "refuse" | "end";
  /** Tables that are loaded at once. More than the server's processors slow its other databases down. */
  readonly jobs: number;
  /** URL of the admin console of a pgbouncer in front (its database is `pgbouncer`), and its name for ours. */
  readonly pooler: { readonly url: Secret; readonly database: string } | null;
  /** Check the restored tables and indexes page by page as well. Needs the extension amcheck and its time. */
  readonly amcheck: boolean;
  readonly timeoutMs: number;
};

const usual: RestoreOptions = {
  sessions: "refuse",
  jobs: 1,
  pooler: null,
  amcheck: false,
  timeoutMs: 6 * 60 * 60_000,
};

/** As much of the driver's context as says how. */
type Wanting = { readonly config: { readonly restore?: Partial<RestoreOptions> } };

/** As this environment wants it; a drill and a look at a foreign file do the same work as the restore they stand for. */
export function optionsOf({ config }: Wanting, change: Partial<RestoreOptions> = {}): RestoreOptions {
  return { ...usual, ...config.restore, ...change };
}
