// Docker Compose v2 as a plugin of our own docker configuration: nothing of the system's is changed.
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptOptions, debianMirror } from "./apt-beside.ts";
import { findProgram } from "./find-program.ts";
import { cacheFolder } from "./place.ts";
import { run, tryRun } from "./run.ts";

const aptMs = 3 * 60_000;
/** Debian 12 has no Compose v2; the next one's is one static program that runs here as well. */
const suite = "trixie";
const packageName = "docker-compose";

/** Makes `docker compose` work under that configuration folder; false where it can't be had. */
export async function ensureCompose(config: string): Promise<boolean> {
  await mkdir(join(config, "cli-plugins"), { recursive: true, mode: 0o700 });
  if (await works(config)) return true;
  const program = join(cacheFolder(), packageName);
  if ((await findProgram(packageName, [cacheFolder()])) !== program)
    await fetchProgram(program).catch(() => {});
  const link = join(config, "cli-plugins", packageName);
  await rm(link, { force: true });
  await symlink(program, link);
  return await works(config);
}

async function works(config: string): Promise<boolean> {
  const ended = await tryRun(["docker", "--config", config, "compose", "version"]);
  return ended?.exitCode === 0;
}

/** From the mirror that this system uses, checked by its own keys. */
async function fetchProgram(program: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lastgood-compose-"));
  try {
    const options = await aptOptions(folder, `deb ${await debianMirror()} ${suite} main`);
    await run(["apt-get", ...options, "update"], { timeoutMs: aptMs });
    await run(["apt-get", ...options, "download", packageName], { cwd: folder, timeoutMs: aptMs });
    const deb = (await readdir(folder)).find((name) => name.endsWith(".deb"));
    if (deb === undefined) throw new Error("apt-get downloaded no package");
    await run(["dpkg-deb", "-x", join(folder, deb), join(folder, "root")]);
    await put(await composeIn(join(folder, "root")), program);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function composeIn(root: string): Promise<string> {
  const names = await readdir(root, { recursive: true });
  const found = names.find((name) => name.endsWith(`/${packageName}`) && /bin|libexec/.test(name));
  if (found === undefined) throw new Error(`the package has no program ${packageName}`);
  return join(root, found);
}

async function put(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.new`);
  await chmod(`${to}.new`, 0o755);
  await rename(`${to}.new`, to);
}
