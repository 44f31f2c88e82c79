// Which of the client programs here fits the server: never one that is older than it.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Context } from "./context.ts";
import type { Place } from "./reach.ts";

/** `folder` null: by PATH. `image`: the programs of the database's own container. */
export type Found = { readonly version: string; readonly where: string } & (
  | { readonly kind: "here"; readonly folder: string | null }
  | { readonly kind: "image"; readonly image: string; readonly container: string }
);

/** Where Debian and its kin put each major version. */
const HOME = "/usr/lib/postgresql";
const LOOK_MS = 30_000;

/**
 * The same major version on this machine, else the container's own, else the nearest newer one of this machine.
 * A newer one writes settings that an older server may refuse at a restore, so it comes last.
 */
export async function findTools(
  context: Pick<Context, "host" | "docker" | "files">,
  place: Place,
  server: { readonly versionNumber: number; readonly version: string },
): Promise<Result<Found>> {
  const major = Math.floor(server.versionNumber / 10_000);
  const here = await onThisMachine(context);
  const same = here.find((found) => majorOf(found.version) === major);
  if (same) return ok(same);
  const contained = await inContainer(context, place);
  if (!contained.ok) return contained;
  if (contained.value && majorOf(contained.value.version) >= major) return ok(contained.value);
  const newer = here.find((found) => majorOf(found.version) > major);
  if (newer) return ok(newer);
  const next = `install the package postgresql-client-${major} (PostgreSQL's own repository has every version)`;
  const seen = [...here, ...(contained.value ? [contained.value] : [])];
  if (seen.length === 0)
    return problem("missing", `there is no pg_dump on ${context.host.name}, in ${HOME} or in PATH`, next);
  const list = seen.map(({ version, where }) => `${version} (${where})`).join(", ");
  return problem(
    "refused",
    `the server is PostgreSQL ${server.version}, and every pg_dump here is older: ${list}`,
    next,
  );
}

export function majorOf(version: string): number {
  return Number.parseInt(version, 10);
}

/** Lowest major first, PATH last. */
async function onThisMachine({ host, files }: Pick<Context, "host" | "files">): Promise<readonly Found[]> {
  const majors = await files.list(HOME);
  const folders = (majors.ok ? majors.value : [])
    .filter((name) => /^\d+$/.test(name))
    .sort((a, b) => Number(a) - Number(b))
    .map((name) => `${HOME}/${name}/bin`);
  const found: Found[] = [];
  for (const folder of [...folders, null]) {
    const program = folder === null ? "pg_dump" : `${folder}/pg_dump`;
    const argv = [program, "--version"] as const;
    const asked = await host.run({ argv, effect: "read", op: null, timeoutMs: LOOK_MS });
    const version = asked.ok && asked.value.exitCode === 0 ? versionIn(asked.value.stdout) : null;
    if (version !== null) found.push({ kind: "here", folder, version, where: folder ?? "PATH" });
  }
  return found;
}

async function inContainer({ docker }: Pick<Context, "docker">, place: Place): Promise<Result<Found | null>> {
  const container = await place.container();
  if (!container.ok) return container;
  if (container.value === null || docker === null) return ok(null);
  const { id, name, imageId } = container.value;
  const asked = await docker.run({ args: ["exec", id, "pg_dump", "--version"], effect: "read" });
  if (!asked.ok) return asked;
  const version = asked.value.exitCode === 0 ? versionIn(asked.value.stdout) : null;
  const where = `image of the container ${name}`;
  return ok(version === null ? null : { kind: "image", image: imageId, container: id, version, where });
}

/** `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)` */
function versionIn(line: string): string | null {
  return /\(PostgreSQL\) (\d+(?:\.\d+)?(?:\w+)?)/.exec(line)?.[1] ?? null;
}
