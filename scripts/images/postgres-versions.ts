// Images of the other versions of PostgreSQL: `node scripts/images/postgres-versions.ts [13 …]`, like the official ones too.
//
// Their programs come from Debian's other releases, by apt with sources and lists of its own; nothing is installed. 14 and
// 16 are in no release of Debian: name Ubuntu's archive in LASTGOOD_UBUNTU to have them. What was fetched is kept.
import { access, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptOptions, debianMirror } from "../parts/apt-beside.ts";
import { oneAtATime } from "../parts/one-at-a-time.ts";
import { cacheFolder } from "../parts/place.ts";
import { ownEnv, run } from "../parts/run.ts";
import { serverOf } from "./daemons.ts";
import { type Env, knownImages, makeImage } from "./make.ts";
import { appletLinks } from "./node.ts";
import type { Recipe } from "./recipe.ts";

type Source = { readonly of: "debian" | "ubuntu"; readonly suite: string };

const sources: Readonly<Record<string, Source>> = {
  "13": { of: "debian", suite: "bullseye" },
  "14": { of: "ubuntu", suite: "jammy" },
  "16": { of: "ubuntu", suite: "noble" },
  "17": { of: "debian", suite: "trixie" },
  "18": { of: "debian", suite: "sid" },
};

/** Majors that can be asked for, oldest first. */
export const otherVersions: readonly string[] = Object.keys(sources);

const fetchMs = 10 * 60_000;
/** Which packages it was made of; written last. */
const LIST = ".packages";
/** What they depend on for their set-up, and wrappers in Perl: nothing of it runs here. */
const unused =
  /^(adduser|debconf|libperl|libllvm|libsystemd-shared|libz3|locales|libc-l10n|login|lsb|openssl_|passwd|perl|postgresql-(client-)?common|procps|python|ssl-cert|systemd|ucf)/;

export type Had = { readonly image: string } | { readonly missing: string };

/** The image's name, or why there is none. `env` says which engine. */
export async function postgresImage(major: string, env: Env): Promise<Had> {
  const source = sources[major];
  if (source === undefined) return { missing: `nobody knows where to get PostgreSQL ${major}` };
  try {
    return await oneAtATime(`postgres-${major}`, async () => {
      const recipe = await recipeOf(major, await fetched(major, source));
      await makeImage(recipe, env, await knownImages(recipe.tags, env));
      return { image: recipe.tags[0] };
    });
  } catch (error) {
    return { missing: (error as Error).message.slice(0, 300) };
  }
}

async function recipeOf(major: string, root: string): Promise<Recipe> {
  const { folders, settings, stopSignal, texts } = await serverOf(major);
  return {
    tags: [`lastgood-test/postgres:${major}`],
    base: { root, digest: await readFile(join(root, LIST), "utf8") },
    programs: [],
    links: { ...appletLinks(), "/var/run": "../run" },
    ...{ folders, texts, stopSignal },
    settings: [...settings, "USER postgres"],
  };
}

/** A folder with the programs and all that they load. */
async function fetched(major: string, source: Source): Promise<string> {
  const root = join(cacheFolder(), `postgres-${major}`);
  const there = await access(join(root, LIST)).then(
    () => true,
    () => false,
  );
  if (there) return root;
  const folder = await mkdtemp(join(tmpdir(), "lastgood-postgres-"));
  try {
    const wanted = [`postgresql-${major}`, "busybox-static"];
    const packages = await download(folder, await lineOf(folder, source), wanted);
    const used = packages.filter((name) => !unused.test(name));
    await mkdir(join(folder, "root"));
    for (const name of used) await run(["dpkg-deb", "-x", join(folder, name), join(folder, "root")]);
    await mergeFolders(join(folder, "root"));
    await dropUnused(join(folder, "root"), major);
    await writeFile(join(folder, "root", LIST), `${used.sort().join("\n")}\n`);
    await rm(root, { recursive: true, force: true });
    await run(["cp", "-a", join(folder, "root"), `${root}.new`]);
    await rename(`${root}.new`, root);
    return root;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Package files in the folder: these, and what they depend on, as if nothing were installed. */
async function download(folder: string, line: string, wanted: readonly string[]): Promise<readonly string[]> {
  const options = await aptOptions(folder, line);
  const empty = ["-o", `Dir::State::status=${folder}/status`, "-o", "APT::Install-Recommends=false"];
  await writeFile(join(folder, "status"), "");
  await run(["apt-get", ...options, ...empty, "update"], { timeoutMs: fetchMs });
  const install = ["install", "--yes", "--download-only", ...wanted];
  await run(["apt-get", ...options, ...empty, ...install], { timeoutMs: fetchMs });
  const archives = join(folder, "cache", "archives");
  const names = (await readdir(archives)).filter((name) => name.endsWith(".deb"));
  for (const name of names) await rename(join(archives, name), join(folder, name));
  return names;
}

async function lineOf(folder: string, { of, suite }: Source): Promise<string> {
  if (of === "debian") return `deb ${await debianMirror()} ${suite} main`;
  const archive = process.env["LASTGOOD_UBUNTU"];
  if (!archive) throw new Error("LASTGOOD_UBUNTU names no archive of Ubuntu, and Debian has no such version");
  return `deb [signed-by=${await ubuntuKeys(folder)}] ${archive} ${suite} main universe`;
}

/** From Debian, which vouches for them. */
async function ubuntuKeys(folder: string): Promise<string> {
  const own = join(folder, "keys");
  await mkdir(own);
  const options = await aptOptions(own, `deb ${await debianMirror()} trixie main`);
  await run(["apt-get", ...options, "update"], { timeoutMs: fetchMs });
  await run(["apt-get", ...options, "download", "ubuntu-keyring"], { cwd: own, timeoutMs: fetchMs });
  const deb = (await readdir(own)).find((name) => name.endsWith(".deb"));
  await run(["dpkg-deb", "-x", join(own, deb ?? ""), join(own, "root")]);
  return join(own, "root", "usr/share/keyrings/ubuntu-archive-keyring.gpg");
}

/** Older releases still have files in the old top folders; in our images these are links into /usr. */
async function mergeFolders(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    const old = join(root, name);
    await mkdir(join(root, "usr", name), { recursive: true });
    await run(["cp", "-a", `${old}/.`, join(root, "usr", name)]).catch(() => {}); // not there
    await rm(old, { recursive: true, force: true });
  }
}

async function dropUnused(root: string, major: string): Promise<void> {
  const lib = `usr/lib/postgresql/${major}/lib`;
  const paths = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/i18n", "var", "run", "etc"];
  const jit = (await readdir(join(root, lib))).filter((name) => name.startsWith("llvmjit"));
  const all = [...paths, ...jit.map((name) => `${lib}/${name}`), `${lib}/bitcode`];
  for (const path of all) await rm(join(root, path), { recursive: true, force: true });
}

if (import.meta.main) {
  const asked = process.argv.slice(2);
  for (const major of asked.length > 0 ? asked : otherVersions) {
    const had = await postgresImage(major, ownEnv());
    const said = "image" in had ? `image ${had.image}` : `PostgreSQL ${major} can't be had: ${had.missing}`;
    process.stdout.write(`${said}\n`);
    if ("missing" in had) process.exitCode = 1;
  }
}
