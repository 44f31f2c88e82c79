// Which instance stands for a release: the newest live one.
import { ok, type Result } from "../core/result.ts";
import type { Instance } from "../ports/runtime.ts";
import type { World } from "../ports/world.ts";

export type Found = {
  readonly live: readonly Instance[];
  readonly dead: readonly Instance[];
  /** Dead, but only until its platform starts it once more: these have to be stopped as well. */
  readonly restless: readonly Instance[];
};

export async function findInstances(world: World, service: string, release: string): Promise<Result<Found>> {
  const all = await world.runtime.instances(service);
  if (!all.ok) return all;
  const ours = all.value.filter((instance) => instance.release === release);
  const dead = ours.filter((instance) => instance.state === "exited");
  return ok({
    live: ours.filter((instance) => instance.state === "running"),
    dead,
    restless: dead.filter(({ health }) => health === "unhealthy"),
  });
}

/** A line of an app may be a whole document; a fact must stay small. */
const lineCharacters = 300;

export function lastWords(found: Found): string {
  const lines = (found.dead.at(0) ?? found.live.at(0))?.lastLines ?? [];
  return lines.length === 0
    ? "It printed nothing."
    : `Its last lines:\n${lines.map((line) => `    ${line.slice(0, lineCharacters)}`).join("\n")}`;
}
