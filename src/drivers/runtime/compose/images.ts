// Gets each service its image: built from the user's folder, or found here, or pulled. No name of the user's is moved.
import type { JsonObject } from "../../../core/json.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import { type Docker, lastWords } from "../../docker/cli.ts";
import { inspectImage, pullImage, untagImage } from "../../docker/images.ts";
import type { Image } from "../../docker/inspect.ts";
import { imageRepository, labels } from "../../docker/names.ts";
import { stackArgs, stackEnv } from "../../docker/stack-files.ts";
import type { StackModel } from "../../docker/stack-model.ts";
import type { ComposeRuntimeConfig } from "./config.ts";

const BUILD_MS = 60 * 60_000;
/** A machine whose client has no BuildKit builds in the old way. */
const NO_BUILDKIT = /buildx|BuildKit is enabled but|requires? BuildKit|buildkit.*not (supported|available)/i;

/** By service. `missing` where a version's image is neither here nor to be had. */
export async function imagesFor(
  config: ComposeRuntimeConfig,
  docker: Docker,
  stack: StackModel,
  names: readonly string[],
  version: string,
  redact: (text: string) => string,
): Promise<Result<ReadonlyMap<string, Image>>> {
  const images = new Map<string, Image>();
  const built = await build(config, docker, stack, names, version, redact);
  if (!built.ok) return built;
  for (const [name, image] of built.value) images.set(name, image);
  for (const name of names.filter((each) => !images.has(each))) {
    const image = await stored(config, docker, stack, name, built.value);
    if (!image.ok) return image;
    images.set(name, image.value);
  }
  return ok(images);
}

/**
 * Builds all at once, under a name of ours: so the user's own name goes on meaning what it meant, and a plain
 * `docker compose up` by hand does not bring the new one. No moment at which a crash could leave it moved.
 */
async function build(
  config: ComposeRuntimeConfig,
  docker: Docker,
  stack: StackModel,
  names: readonly string[],
  version: string,
  redact: (text: string) => string,
): Promise<Result<ReadonlyMap<string, Image>>> {
  const images = new Map<string, Image>();
  const built = names.filter((name) => stack.services[name]?.build);
  if (built.length === 0) return ok(images);
  const services: JsonObject = Object.fromEntries(
    built.map((name) => [
      name,
      { image: building(stack, name), build: { labels: { [labels.version]: version } } },
    ]),
  );
  const call = {
    args: [...stackArgs(config.stack), "--file", "-", "build", ...built],
    effect: "write",
    timeoutMs: BUILD_MS,
    cwd: config.stack.folder,
    stdin: JSON.stringify({ services }),
  } as const;
  const env = stackEnv(config.stack, version);
  let ended = await docker.run({ ...call, env });
  if (ended.ok && ended.value.exitCode !== 0 && NO_BUILDKIT.test(ended.value.stderr))
    ended = await docker.run({ ...call, env: { ...env, DOCKER_BUILDKIT: "0" } });
  if (!ended.ok) return ended;
  if (ended.value.exitCode !== 0)
    return problem(
      "failed",
      `${built.join(", ")} cannot be built: ${redact(lastWords(ended.value))}`,
      "mend the build; nothing that serves was touched",
    );
  for (const name of built) {
    const image = await inspectImage(docker, building(stack, name));
    if (!image.ok) return image;
    if (image.value === null)
      return problem(
        "failed",
        `docker compose build made no image for ${name}`,
        "see what docker compose build says by hand",
      );
    images.set(name, image.value);
  }
  return ok(images);
}

function building(stack: StackModel, name: string): string {
  return `${imageRepository(stack.name, name)}:building`;
}

/** After the release has its own names. A name that stays does no harm: the next build takes it over. */
export async function dropBuilding(
  docker: Docker,
  stack: StackModel,
  names: readonly string[],
): Promise<void> {
  for (const name of names.filter((each) => stack.services[each]?.build))
    await untagImage(docker, building(stack, name), "capture");
}

async function stored(
  config: ComposeRuntimeConfig,
  docker: Docker,
  stack: StackModel,
  name: string,
  built: ReadonlyMap<string, Image>,
): Promise<Result<Image>> {
  const ref = stack.services[name]?.image ?? "";
  // Another service builds this very name: the one just built is meant.
  for (const [other, image] of built) if (builtName(stack, other) === ref) return ok(image);
  if (config.pull === "always") {
    const pulled = await pullImage(docker, ref);
    if (!pulled.ok) return pulled;
  }
  const here = await inspectImage(docker, ref);
  if (!here.ok) return here;
  if (here.value !== null) return ok(here.value);
  const pulled = await pullImage(docker, ref);
  if (!pulled.ok) return pulled;
  const image = await inspectImage(docker, ref);
  if (!image.ok) return image;
  return image.value === null
    ? problem("missing", `the image ${ref} was pulled and is gone again`, "do it again")
    : ok(image.value);
}

/** As Compose calls it. */
function builtName(stack: StackModel, name: string): string {
  return stack.services[name]?.image ?? `${stack.name}-${name}`;
}
