// Which socket the docker client of this machine would talk to, where that can be told for certain.
import { join } from "node:path";
import type { DockerTarget } from "../drivers/docker/cli.ts";
import { type EngineLooks, engineLooks } from "../drivers/docker/engine-looks.ts";
import type { Machine } from "./machine.ts";

type Asking = Pick<Machine, "http" | "files" | "baseEnv" | "host">;

/** Looks that spare a client. Without effect for engines that are not reached by a socket of this machine. */
export function looksOf(target: DockerTarget, machine: Asking): EngineLooks | null {
  if (machine.host.name !== "local") return null;
  let known: Promise<string | null> | undefined;
  return engineLooks(machine.http, () => {
    known ??= socketOf(target, machine);
    return known;
  });
}

const unix = "unix://";
const usual = "/var/run/docker.sock";

/**
 * Null where it cannot be told, or is on another machine. As the client decides: a host before a context, what the
 * config names before the environment.
 */
export async function socketOf(target: DockerTarget, machine: Asking): Promise<string | null> {
  if (machine.host.name !== "local") return null;
  const { DOCKER_HOST: hostHere = "", DOCKER_CONTEXT: contextHere = "" } = machine.baseEnv;
  if (target.context !== null) return null;
  const host = target.host ?? hostHere;
  if (host !== "") return host.startsWith(unix) ? host.slice(unix.length) : null;
  return contextHere === "" && (await usesDefaultContext(target, machine)) ? usual : null;
}

async function usesDefaultContext(target: DockerTarget, { files, baseEnv }: Asking): Promise<boolean> {
  const folder = target.configDir ?? baseEnv["DOCKER_CONFIG"] ?? join(baseEnv["HOME"] ?? "/", ".docker");
  const text = await files.read(join(folder, "config.json"));
  if (!text.ok) return text.error.code === "missing";
  try {
    const { currentContext = "default" } = JSON.parse(text.value.toString("utf8")) as {
      readonly currentContext?: unknown;
    };
    return currentContext === "default" || currentContext === "";
  } catch {
    return false;
  }
}
