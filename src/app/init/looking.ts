// Where init looks, and by what means.
import type { Files } from "../../ports/files.ts";
import type { Host } from "../../ports/host.ts";

export type Looking = {
  readonly files: Files;
  readonly host: Host;
  /** The folder to look at, absolute. */
  readonly folder: string;
  /** The machine's own settings, as a rule `/etc`. */
  readonly etc: string;
};
