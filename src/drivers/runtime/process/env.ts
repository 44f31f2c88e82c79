// What an instance is started with: its argv and its whole environment.
import { parseEnv } from "node:util";
import type { Release } from "../../../core/release.ts";
import type { ProcessRuntimeDeps } from "./config.ts";
import type { ProcessSpec } from "./spec.ts";

/** Of the controller's environment an instance gets these and nothing else. */
const INHERITED = ["PATH", "HOME", "LANG", "TZ"];
/** Names that only we set. An instance outlives its run, so it must never carry `LASTGOOD_OP`. */
const OURS = /^LASTGOOD_(INSTANCE|RELEASE|SERVICE|STATE|OP)$/;

export type Values = Readonly<Record<string, string>>;

/** `NAME=value` lines as Node's own `--env-file` reads them. */
export function readEnvText(text: string): Values {
  return parseEnv(text) as Record<string, string>;
}

/** `{port}` and `{node}` wherever they stand in the command. */
export function argvOf(
  command: readonly string[],
  node: string,
  port: number,
): readonly [string, ...string[]] {
  const [program = "", ...args] = command.map((part) =>
    part.replaceAll("{port}", String(port)).replaceAll("{node}", node),
  );
  return [program, ...args];
}

/** What is set before the instance's own marks: controller's, then the release's, then its env file's. */
export function settingsOf(
  baseEnv: ProcessRuntimeDeps["baseEnv"],
  spec: ProcessSpec,
  secrets: Values,
): Values {
  const inherited = INHERITED.map((name) => [name, baseEnv[name]] as const).filter(
    ([, value]) => value !== undefined,
  );
  const all = Object.entries({ ...Object.fromEntries(inherited), ...spec.env, ...secrets });
  return Object.fromEntries(all.filter(([name]) => !OURS.test(name))) as Record<string, string>;
}

/** By these a process is found again, whatever became of its record. */
export function marksOf(of: {
  readonly id: string;
  readonly service: string;
  readonly release: Release["id"];
  readonly port: number;
  readonly stateDir: string;
}): Values {
  return {
    PORT: String(of.port),
    LASTGOOD_INSTANCE: of.id,
    LASTGOOD_RELEASE: of.release,
    LASTGOOD_SERVICE: of.service,
    LASTGOOD_STATE: of.stateDir,
  };
}
