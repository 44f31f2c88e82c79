// Turns what the docker client would create into a release: pinned, marked, and never left to the engine's own way back.
import { z } from "zod";
import { sha256 } from "../../../core/digest.ts";
import { canonical } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { type SwarmSpec, serviceSpec } from "./api.ts";
import { engineName, type SwarmConfig } from "./config.ts";
import type { Named, Recorded } from "./recorder.ts";

const body = z.looseObject({ Name: z.string() });

/** All that brings this release's services back. Secrets inside: 0600, never shown. */
export const document = z.strictObject({
  api: z.string(),
  /** By the service's name in the stack file. */
  services: z.record(z.string(), serviceSpec),
  networks: z.array(body),
  /** Named by their content, so that an old release finds its old ones. */
  secrets: z.array(body),
  configs: z.array(body),
});
export type SwarmDocument = z.infer<typeof document>;

/** An image as the nodes have it, instead of a tag that may move. */
export type Pin = (image: string) => Promise<Result<string>>;

/** Engine's default: how long a copy that was just replaced is looked at, nanoseconds. */
const monitorNs = 5_000_000_000;
const nameCharacters = 50;
const imageNote = "com.docker.stack.image";

export async function documentOf(
  config: SwarmConfig,
  recorded: Recorded,
  pin: Pin,
): Promise<Result<SwarmDocument>> {
  const secrets = byContent(recorded.secrets);
  const configs = byContent(recorded.configs);
  const services: Record<string, SwarmSpec> = {};
  for (const name of Object.keys(config.services)) {
    const found = recorded.services.find((one) => one.Name === engineName(config.stackName, name));
    if (!found) return noSuch(name, config, recorded);
    const spec = serviceSpec.safeParse(found);
    if (!spec.success || !(spec.data.Mode.Replicated ?? spec.data.Mode.Global)) return noCopies(name);
    const { ContainerSpec: container } = spec.data.TaskTemplate;
    const image = await pin(container.Image);
    if (!image.ok) return image;
    const pinned = {
      ...container,
      Image: image.value,
      ...(container.Secrets
        ? { Secrets: container.Secrets.map((one) => renamed(one, "Secret", secrets)) }
        : {}),
      ...(container.Configs
        ? { Configs: container.Configs.map((one) => renamed(one, "Config", configs)) }
        : {}),
    };
    // The client's note of the tag: it would make the same image under another tag another release.
    const { [imageNote]: _, ...Labels } = spec.data.Labels ?? {};
    const template = { ...spec.data.TaskTemplate, ContainerSpec: pinned };
    services[name] = forward({ ...spec.data, Labels, TaskTemplate: template });
  }
  const kept = {
    networks: [...recorded.networks],
    secrets: [...secrets.values()],
    configs: [...configs.values()],
  };
  return ok({ api: recorded.api, services, ...kept });
}

/**
 * The engine stops where a copy fails and leaves the rest as it was; it never goes back by itself, for all that it
 * knows is what ran before, which may be the bad release. Without a healthcheck it needs time to see a crash.
 */
function forward(spec: SwarmSpec): SwarmSpec {
  const isAsked = spec.TaskTemplate.ContainerSpec.Healthcheck?.Test?.[0] !== undefined;
  const wanted = spec.UpdateConfig?.Monitor ?? monitorNs;
  const monitor = isAsked ? wanted : Math.max(wanted, monitorNs);
  const update = { Parallelism: 1, ...spec.UpdateConfig, FailureAction: "pause", Monitor: monitor };
  return {
    ...spec,
    UpdateConfig: update,
    RollbackConfig: { Parallelism: 1, ...spec.RollbackConfig, FailureAction: "pause" },
  };
}

/** The former name → the same thing under a name that says what is in it: swarm never changes one in place. */
function byContent(all: readonly Named[]): Map<string, Named> {
  return new Map(
    all.map((one) => {
      const digest = sha256(canonical({ data: one["Data"] ?? null, driver: one["Driver"] ?? null }));
      return [one.Name, { ...one, Name: `${one.Name.slice(0, nameCharacters)}.${digest.slice(0, 8)}` }];
    }),
  );
}

/** Ids are the swarm's: they are looked up by name when the spec is used. */
function renamed<T extends object>(
  reference: T,
  kind: "Secret" | "Config",
  names: ReadonlyMap<string, Named>,
): T {
  const { [`${kind}ID`]: _, ...rest } = reference as Record<string, unknown>;
  const former = String(rest[`${kind}Name`]);
  return { ...rest, [`${kind}Name`]: names.get(former)?.Name ?? former } as unknown as T;
}

function noSuch(name: string, config: SwarmConfig, recorded: Recorded): Result<never> {
  const prefix = engineName(config.stackName, "");
  const there = recorded.services.map((one) => one.Name.slice(prefix.length)).join(", ");
  return problem(
    "config",
    `the stack has no service ${name}; it has ${there || "none"}`,
    "name the services in lastgood.yml as in the stack file",
  );
}

function noCopies(name: string): Result<never> {
  return problem(
    "config",
    `${name} is a job, or of a mode that can't be replaced copy by copy`,
    "take it out of the services in lastgood.yml",
  );
}
