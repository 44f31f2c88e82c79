// Proves that a stored release is whole: by reading it all the first time, by the files' identities after that.
import { createHash } from "node:crypto";
import { parseJson } from "../../../core/json.ts";
import type { Release } from "../../../core/release.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Tree, TreeEntry } from "../../../ports/digest.ts";
import type { Files } from "../../../ports/files.ts";
import type { Layout, StoreDeps } from "./config.ts";
import { type ProcessSpec, processSpecOf } from "./spec.ts";

/** So many stored services are remembered by their files' identities; the others are read again. */
const REMEMBERED = 32;
/** So many names are told of what is lost or changed. */
const NAMED = 5;

export type Proof = {
  /** Is every captured file there, unchanged? Files that the app added since do no harm. Gives the captured bytes. */
  whole(release: Release): Promise<Result<{ readonly bytes: number }>>;
  /** Digest of a stored folder; files that are known by identity are not read again. */
  tree(release: string, service: string): Promise<Result<Tree>>;
  forget(release: string): void;
};

export function proof(deps: StoreDeps, where: Layout): Proof {
  const known = new Map<string, Map<string, TreeEntry>>();
  const tree: Proof["tree"] = async (release, service) => {
    const key = `${release}/${service}`;
    const read = await deps.digestTree(where.files(release, service), known.get(key));
    if (!read.ok) return read;
    known.delete(key); // to the end of the line
    known.set(
      key,
      new Map(
        read.value.entries.filter(({ identity }) => identity !== "").map((entry) => [entry.path, entry]),
      ),
    );
    const oldest = known.keys().next().value;
    if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest);
    return read;
  };
  const whole: Proof["whole"] = async (release) => {
    const folder = await deps.files.stat(where.release(release.id));
    if (!folder.ok) return folder;
    if (folder.value === null) return notStored(release.id, where.release(release.id));
    const faults: string[] = [];
    let bytes = 0;
    for (const [service, spec] of Object.entries(release.services)) {
      const checked = await checkService(deps, where, tree, release.id, service, processSpecOf(spec));
      if (!checked.ok) return checked;
      faults.push(...checked.value.faults.map((fault) => `${service}: ${fault}`));
      bytes += checked.value.bytes;
    }
    return faults.length === 0 ? ok({ bytes }) : damaged(release, faults, where.release(release.id));
  };
  const forget: Proof["forget"] = (release) => {
    for (const key of known.keys()) if (key.startsWith(`${release}/`)) known.delete(key);
  };
  return { whole, tree, forget };
}

type Checked = { readonly faults: readonly string[]; readonly bytes: number };

async function checkService(
  deps: StoreDeps,
  where: Layout,
  readTree: Proof["tree"],
  release: string,
  service: string,
  spec: ProcessSpec,
): Promise<Result<Checked>> {
  const tree = await readTree(release, service);
  if (!tree.ok)
    return tree.error.code === "missing" ? ok({ faults: ["all files are lost"], bytes: 0 }) : tree;
  const faults: string[] = [];
  if (tree.value.digest !== spec.filesDigest) {
    const list = await readList(deps.files, where.list(release, service));
    faults.push(
      ...(list === null ? ["something is lost, changed or added"] : differences(list, tree.value.entries)),
    );
  }
  const env = await readEnvFile(deps.files, where.envFile(release, service), spec);
  if (!env.ok) faults.push(env.error.what);
  return ok({ faults, bytes: tree.value.bytes });
}

/** Names of what was captured and is not there as it was. Folders and files that came later are not looked at. */
function differences(captured: readonly TreeEntry[], now: readonly TreeEntry[]): readonly string[] {
  const there = new Map(now.map((entry) => [entry.path, entry]));
  const lost = captured.filter(({ path }) => !there.has(path)).map(({ path }) => path);
  const changed = captured.filter((was) => {
    const is = there.get(was.path);
    return is !== undefined && (is.type !== was.type || is.mode !== was.mode || is.sha256 !== was.sha256);
  });
  return [
    ...naming("lost", lost),
    ...naming(
      "changed",
      changed.map(({ path }) => path),
    ),
  ];
}

function naming(what: string, paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const more = paths.length > NAMED ? ` and ${paths.length - NAMED} more` : "";
  return [`${what}: ${paths.slice(0, NAMED).join(", ")}${more}`];
}

async function readList(files: Files, path: string): Promise<readonly TreeEntry[] | null> {
  const content = await files.read(path);
  const list = content.ok ? parseJson(content.value.toString("utf8")) : null;
  return Array.isArray(list) ? (list as readonly TreeEntry[]) : null;
}

/** The captured env file's text, or an empty one where the service has none. `damaged` where it is not the captured one. */
export async function readEnvFile(files: Files, path: string, spec: ProcessSpec): Promise<Result<string>> {
  if (spec.envFileDigest === null) return ok("");
  const content = await files.read(path);
  if (!content.ok && content.error.code !== "missing") return content;
  if (!content.ok) return problem("damaged", "its env file is lost", "deploy the version again", path);
  if (digestBytes(content.value) !== spec.envFileDigest) {
    return problem("damaged", "its env file is changed", "deploy the version again", path);
  }
  return ok(content.value.toString("utf8"));
}

export function digestBytes(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

export function notStored(release: string, path: string): Result<never> {
  return problem(
    "missing",
    `release ${release} is not in the store`,
    "deploy its version again, or choose another release",
    path,
  );
}

function damaged(release: Release, faults: readonly string[], path: string): Result<never> {
  return problem(
    "damaged",
    `the stored release ${release.id} is not whole: ${faults.join("; ")}`,
    `choose another release, or deploy ${release.version} again while it does not run`,
    path,
  );
}
