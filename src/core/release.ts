// A release: all that is needed to run a version again.
import { z } from "zod";

/**
 * What a service is, and so how it changes hands: `app` answers requests and starts beside its former self;
 * `worker` has no requests of its own and must not run twice, so it is stopped and started.
 * Databases, caches and the edge in front are no services of a release: a release never touches them.
 */
export const serviceClass = z.enum(["app", "worker"]);
export type ServiceClass = z.infer<typeof serviceClass>;

export const healthSpec = z.strictObject({
  /** Asked with GET; null: what runs the service knows itself (healthcheck of a container, state of a unit). */
  path: z.string().nullable(),
  timeoutMs: z.number(),
  intervalMs: z.number(),
});
export type HealthSpec = z.infer<typeof healthSpec>;

export const serviceSpec = z.strictObject({
  class: serviceClass,
  /** An edge stands in front of it and switches its requests. */
  routed: z.boolean(),
  health: healthSpec,
  stopGraceMs: z.number(),
  /** What its runtime needs to start it again: argv, image digests, units. No secrets: they stay in the store. */
  spec: z.record(z.string(), z.json()),
});
export type ServiceSpec = z.infer<typeof serviceSpec>;

export const release = z.strictObject({
  /** `<version>-<first 8 of digest>`: unique, speakable, safe as a file name. */
  id: z.string(),
  version: z.string(),
  /** sha256 over everything below: what quarantine goes by, whatever the version is called. */
  digest: z.string(),
  /** In the order in which a new release takes over. */
  services: z.record(z.string(), serviceSpec),
});
export type Release = z.infer<typeof release>;

export function releaseId(version: string, digest: string): string {
  return `${version}-${digest.slice(0, 8)}`;
}

/** Names of its services of one class, in their order. */
export function servicesOf(release: Release | null, which?: ServiceClass): readonly string[] {
  return Object.entries(release?.services ?? {})
    .filter(([, spec]) => which === undefined || spec.class === which)
    .map(([name]) => name);
}

/** Names of its services that an edge stands in front of, in their order. */
export function routedOf(release: Release | null): readonly string[] {
  return servicesOf(release).filter((name) => release?.services[name]?.routed);
}
