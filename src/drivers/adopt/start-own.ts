// Starts a service of the user by their own compose file, with the images of the release that serves now.
import type { Release } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Op } from "../../ports/op.ts";
import { type Docker, lastWords } from "../docker/cli.ts";
import { inspectImage, tagImage } from "../docker/images.ts";
import { imageTag } from "../docker/names.ts";
import { readStack, type StackFiles, stackArgs, stackEnv } from "../docker/stack-files.ts";

const upMs = 5 * 60_000;

/**
 * The name that the file gives to the image (its own, or the one Compose gives to what it builds) gets the release's
 * image; then `up` makes the container anew where it was another. Nothing is pulled or built; nothing else is touched.
 */
export async function startOwnService(
  docker: Docker,
  op: Op,
  stack: StackFiles,
  release: Release,
  service: string,
  /** Takes what the env files hold out of messages. */
  redact: (text: string) => string,
): Promise<Result<void>> {
  const model = await readStack(docker, stack, release.version, redact);
  if (!model.ok) return model;
  const project = model.value.name;
  const name = model.value.services[service]?.image ?? `${project}-${service}`;
  const image = await inspectImage(docker, imageTag(project, service, release.id));
  if (!image.ok) return image;
  if (image.value === null) {
    const what = `the image of ${service} in ${release.id} is gone`;
    return problem("missing", what, "roll back to a release whose image is there, then leave", service);
  }
  const tagged = name.includes("@") ? ok(undefined) : await tagImage(docker, image.value.id, name);
  if (!tagged.ok) return tagged;
  const args = [...stackArgs(stack), "up", "--detach", "--no-deps", "--no-build", "--pull", "never", service];
  const env = stackEnv(stack, release.version);
  const up = await docker.run({ args, effect: "write", op: op.id, timeoutMs: upMs, cwd: stack.folder, env });
  if (!up.ok || up.value.exitCode === 0) return up.ok ? ok(undefined) : up;
  return problem(
    "failed",
    `docker compose up of ${service} failed: ${redact(lastWords(up.value))}`,
    "see docker compose ps",
    service,
  );
}
