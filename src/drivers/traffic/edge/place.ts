// One edge with all that is needed to act on it.
import type { Clock } from "../../../ports/clock.ts";
import type { ProxyControl } from "../proxy/control.ts";
import type { ProxyPaths } from "../proxy/files.ts";
import type { EdgeConfig } from "./config.ts";
import type { EdgeImageDeps } from "./image.ts";

export type EdgeDeps = EdgeImageDeps & {
  readonly clock: Clock;
  /** Where our own files are, which go into the image; left out: where the engine is. */
  readonly ours?: Pick<EdgeImageDeps, "files" | "host">;
};

export type EdgePlace = {
  readonly config: EdgeConfig;
  readonly paths: ProxyPaths;
  readonly control: ProxyControl;
  readonly deps: EdgeDeps;
};
