// Docker Compose v2 as a plugin of our own docker configuration: nothing of the system's is changed.
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

/** By apt with sources and lists of its own, from the mirror that this system uses, checked by its own keys. */
async function fetchProgram(program: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "lastgood-compose-"));
  try {
    await chmod(folder, 0o755);
    await mkdir(join(folder, "lists", "partial"), { recursive: true });
    await mkdir(join(folder, "cache", "archives", "partial"), { recursive: true });
    await writeFile(join(folder, "sources.list"), `deb ${await mirror()} ${suite} main\n`);
    const options = aptOptions(folder);
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

function aptOptions(folder: string): readonly string[] {
  return [
    `Dir::Etc::SourceList=${folder}/sources.list`,
    "Dir::Etc::SourceParts=/dev/null",
    `Dir::State::Lists=${folder}/lists`,
    `Dir::Cache=${folder}/cache`,
    "Acquire::Languages=none",
    "APT::Sandbox::User=root",
  ].flatMap((option) => ["-o", option]);
}

/** The archive this system gets Debian from. */
async function mirror(): Promise<string> {
  const format = "$(ORIGIN) $(COMPONENT) $(REPO_URI)";
  const targets = await run(["apt-get", "indextargets", "--format", format, "Created-By: Packages"]);
  const found = targets.split("\n").find((line) => /^Debian main .*\/debian\/?$/.test(line));
  if (found === undefined) throw new Error("this system's sources name no Debian archive");
  return found.split(" ")[2] ?? "";
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
