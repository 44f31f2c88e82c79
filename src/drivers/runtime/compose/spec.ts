// What a release keeps of a service of a compose stack: the runtime's own part of its spec. No secrets.
import { z } from "zod";
import type { ServiceSpec } from "../../../core/release.ts";

const composeSpec = z.strictObject({
  project: z.string(),
  /** Id of its image: pinned, whatever any tag says later. */
  image: z.string(),
  /** What the user calls the image; empty for one that is only built. */
  imageName: z.string(),
  /** sha256 of the stored compose file of this service, environment included. */
  composeDigest: z.string(),
  /** sha256 of what it is started with in its environment; releases of before have none. */
  envDigest: z.string().optional(),
  /** sha256 of each stored file that it mounts as a secret or config. */
  files: z.record(z.string(), z.string()),
  /** What it listens on inside; null for what answers no requests. */
  port: z.number().nullable(),
  /** Containers that run it at once. */
  copies: z.number(),
  /** Networks by the engine's name, with the names that others know it by there. For the edge that takes its place. */
  networks: z.array(
    z.strictObject({ name: z.string(), aliases: z.array(z.string()), ip: z.string().nullable() }),
  ),
  /** Ports of the host that the user's file publishes: the edge takes them over. */
  published: z.array(
    z.strictObject({ hostIp: z.string(), hostPort: z.number(), target: z.number(), protocol: z.string() }),
  ),
  /** Labels that a proxy would route by: not put on instances, for the edge to carry. */
  routingLabels: z.record(z.string(), z.string()),
});
export type ComposeSpec = z.infer<typeof composeSpec>;

/** Throws where the release was made for another runtime: the config's runtime was changed under it. */
export function composeSpecOf({ spec }: ServiceSpec): ComposeSpec {
  return composeSpec.parse(spec);
}
