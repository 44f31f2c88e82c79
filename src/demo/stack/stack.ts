// An example stack that was laid out: what tests and the demo do with it.
import type { Paths } from "../load/load.ts";

export type StackName = "hummii" | "hibachi";

export type Stack = {
  readonly kind: StackName;
  /** Also the Compose project's name, and a part of every other name that is made for it. */
  readonly name: string;
  /** The team's checkout, with the env file that is not in git. */
  readonly dir: string;
  readonly files: readonly string[];
  readonly envFile: string;
  /** The front door: through nginx. */
  readonly publicUrl: string;
  /** Where the load generator finds the API behind the front door, and the chat. */
  readonly paths: Paths;
  /** Answers 200 through the front door when the API is well. */
  readonly healthUrl: string;
  /** The service that gets the traffic. */
  readonly api: string;
  /** The database from here, by its superuser's or the app's address; null where it is not reachable from the host. */
  readonly databaseUrl: string | null;
  /**
   * Makes a version the one to deploy next, as this team does it: the checkout moves to it (hummii), or its image is
   * there and named in the env file (hibachi). Nothing that runs is changed.
   */
  setVersion(version: string): Promise<void>;
  /** `docker compose` with the team's own files, in its folder. Rejects where it ends badly. */
  compose(args: readonly string[]): Promise<string>;
  /** What the team does to bring it up: migrate, `up -d`, wait until the front door answers. */
  up(): Promise<void>;
  /** Containers, networks, volumes, images, host daemons and the folder. Safe to call again. */
  stop(): Promise<void>;
};

/** What differs from stack to stack. */
export type Laid = Pick<
  Stack,
  "files" | "envFile" | "publicUrl" | "paths" | "healthUrl" | "api" | "databaseUrl" | "setVersion"
> & { readonly end: () => Promise<void> };
