// What a stack is taken for, without pulling, building or changing anything: for `init`, and for people before a deploy.

import type { Problem } from "../../../core/result.ts";
import { ok, type Result } from "../../../core/result.ts";
import { dockerCli } from "../../docker/cli.ts";
import { inspectImage } from "../../docker/images.ts";
import type { StackClass } from "../../docker/stack-class.ts";
import { readStack } from "../../docker/stack-files.ts";
import type { ComposeRuntimeConfig, ComposeRuntimeDeps } from "./config.ts";
import { classOf, type Described, describe } from "./describe.ts";
import { envRedactor } from "./redact.ts";

export type StackOutline = {
  /** As Compose calls it. */
  readonly project: string;
  readonly services: readonly ServiceOutline[];
};

export type ServiceOutline = {
  readonly name: string;
  readonly class: StackClass;
  readonly why: string;
  /** For apps and workers; null for the others, and where something must be said first. */
  readonly described: Described | null;
  /** What must be said or changed before it can be deployed. */
  readonly problem: Problem | null;
};

/** `version` null: as the env files have it. Images are looked at where they are on this machine. */
export async function outlineStack(
  config: ComposeRuntimeConfig,
  { host, files }: Pick<ComposeRuntimeDeps, "host" | "files">,
  version: string | null,
): Promise<Result<StackOutline>> {
  const docker = dockerCli(host, config.docker);
  const stack = await readStack(docker, config.stack, version, await envRedactor(files, config.stack));
  if (!stack.ok) return stack;
  const services: ServiceOutline[] = [];
  for (const [name, service] of Object.entries(stack.value.services)) {
    const image = await inspectImage(docker, service.image ?? `${stack.value.name}-${name}`);
    if (!image.ok) return image;
    const { class: is, why } = classOf(stack.value, config.services, name, image.value);
    const released = is === "app" || is === "worker";
    const described = released ? describe(stack.value, config.services, name, image.value) : null;
    services.push({
      name,
      class: is,
      why,
      described: described?.ok ? described.value : null,
      problem: described?.ok === false ? described.error : null,
    });
  }
  return ok({ project: stack.value.name, services });
}
