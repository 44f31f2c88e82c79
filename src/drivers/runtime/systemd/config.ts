// What the systemd runtime is told, what it is given, and the places that an instance can have.
import type { Clock } from "../../../ports/clock.ts";
import type { DigestTree } from "../../../ports/digest.ts";
import type { Files } from "../../../ports/files.ts";
import type { Host } from "../../../ports/host.ts";
import type { ProcessServiceConfig } from "../process/config.ts";

export type SystemdServiceConfig = Omit<ProcessServiceConfig, "command" | "env"> & {
  /** `shop.service`, one at a time; or `shop@.service`, one beside the other. */
  readonly unit: string;
  /** Where each instance listens, by instance name; for a plain unit one entry, whose name is not used. */
  readonly ports: Readonly<Record<string, number>>;
  /** A link that is kept on the running release, `{instance}` filled in, e.g. `/srv/shop/{instance}`; null: none. */
  readonly link: string | null;
};

export type SystemdRuntimeConfig = {
  /** Absolute folder that the units' user can reach: stored releases, fence. */
  readonly stateDir: string;
  /** Where units of the machine's owner stand. */
  readonly unitDir: string;
  /** Under which address the instances answer. */
  readonly address: string;
  readonly services: Readonly<Record<string, SystemdServiceConfig>>;
};

export type SystemdRuntimeDeps = {
  /** The machine with systemd. */
  readonly host: Host;
  /** Its files. */
  readonly files: Files;
  readonly clock: Clock;
  readonly digestTree: DigestTree;
};

/** One place where an instance can run. */
export type Slot = {
  readonly service: string;
  readonly unit: string;
  readonly port: number;
  readonly link: string | null;
};

const template = /^([^@]+)@(\.service)$/;

/** Pure. A template unit has a slot for each named instance, a plain one has one. */
export function slotsOf(
  service: string,
  { unit, ports, link }: Pick<SystemdServiceConfig, "unit" | "ports" | "link">,
): readonly Slot[] {
  const parts = template.exec(unit);
  return Object.entries(ports).map(([name, port]) => ({
    service,
    unit: parts ? `${parts[1]}@${name}${parts[2]}` : unit,
    port,
    link: link?.replaceAll("{instance}", name) ?? null,
  }));
}
