// Looks at images, names them and fetches them.
import { ok, problem, type Result } from "../../core/result.ts";
import { type Docker, lastWords } from "./cli.ts";
import { type Image, parseImages } from "./inspect.ts";

const PULL_MS = 30 * 60_000;
const GONE = /no such (image|object)/i;

/** By id, all in one call; null for those that are not on this machine. In the order asked. */
export async function inspectImages(
  docker: Docker,
  ids: readonly string[],
): Promise<Result<readonly (Image | null)[]>> {
  if (ids.length === 0) return ok([]);
  const quick = await docker.looks?.images(ids);
  if (quick && !quick.ok) return quick;
  const seen = quick ? parseImages(quick.value) : null;
  if (seen !== null) return ok(ids.map((id) => seen.find((image) => image.id === id) ?? null));
  const args = ["image", "inspect", "--format", "{{json .}}", ...ids];
  const ended = await docker.run({ args, effect: "read" });
  if (!ended.ok) return ended;
  const { stdout, stderr, exitCode } = ended.value;
  const others = stderr.split("\n").filter((line) => line.trim() !== "" && !GONE.test(line));
  if (exitCode !== 0 && others.length > 0)
    return problem("failed", `docker image inspect: ${others.join("; ")}`, "see docker images");
  const images = parseImages(stdout) ?? [];
  return ok(ids.map((id) => images.find((image) => image.id === id) ?? null));
}

/** By id or name; null when it is not on this machine. */
export async function inspectImage(docker: Docker, ref: string): Promise<Result<Image | null>> {
  const args = ["image", "inspect", "--format", "{{json .}}", ref];
  const ended = await docker.run({ args, effect: "read" });
  if (!ended.ok) return ended;
  if (ended.value.exitCode !== 0) {
    if (GONE.test(ended.value.stderr)) return ok(null);
    return problem("failed", `docker image inspect ${ref}: ${lastWords(ended.value)}`, "see docker images");
  }
  const [image] = parseImages(ended.value.stdout) ?? [];
  if (image === undefined)
    return problem(
      "failed",
      `docker image inspect ${ref}: its answer is not what an engine writes`,
      "see docker version",
    );
  return ok(image);
}

/** `missing` with the registry's own reason where it can't be had. */
export async function pullImage(docker: Docker, ref: string): Promise<Result<void>> {
  const ended = await docker.run({ args: ["pull", "--quiet", ref], effect: "write", timeoutMs: PULL_MS });
  if (!ended.ok || ended.value.exitCode === 0) return ended.ok ? ok(undefined) : ended;
  return problem(
    "missing",
    `the image ${ref} is not on this machine and cannot be pulled: ${lastWords(ended.value)}`,
    "check the version's name, push or build the image, and that docker is logged in to its registry",
  );
}

/** Idempotent. */
export async function tagImage(docker: Docker, id: string, name: string): Promise<Result<void>> {
  const tagged = await docker.output({ args: ["tag", id, name], effect: "write" });
  return tagged.ok ? ok(undefined) : tagged;
}

/** Takes the name away, and the image with it where that was its last one and nothing uses it. */
export async function untagImage(docker: Docker, name: string, op: string): Promise<Result<void>> {
  const ended = await docker.run({ args: ["image", "rm", name], effect: "write", op });
  if (!ended.ok) return ended;
  const { exitCode, stderr } = ended.value;
  // Somebody's stopped container needs it still: then it stays, which costs space and nothing else.
  if (exitCode === 0 || GONE.test(stderr) || /conflict/i.test(stderr)) return ok(undefined);
  return problem("failed", `docker image rm ${name}: ${lastWords(ended.value)}`, "see docker images");
}
