// The edge's image, made on the spot without any registry: this node, its libraries, and our proxy's files.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import type { Host } from "../../../ports/host.ts";
import { type Docker, lastWords } from "../../docker/cli.ts";
import { inspectImage } from "../../docker/images.ts";
import { librariesOf } from "./libraries.ts";
import { modulesOf } from "./modules.ts";
import { type TarEntry, tarBytes, tarLayout } from "./tar.ts";

const importMs = 180_000;
/** Read at once; a node binary has more than 100 MB. */
const readBytes = 8 * 1024 * 1024;
const home = "lastgood";
const nodePath = "usr/local/bin/node";
const elf = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

export const edgeRepository = "lastgood-edge";

export type EdgeImageDeps = {
  readonly docker: Docker;
  readonly host: Host;
  readonly files: Files;
  /** Absolute path of the node binary; it is what runs in the container too. */
  readonly node: string;
  /** Absolute path of the proxy's entry file, in our package's folder. */
  readonly proxyMain: string;
  readonly packageRoot: string;
  /** Tells a person what takes its time. */
  say(line: string): void;
};

/** `digest`: sha256 of the content. `tag` names it by the beginning of that. */
export type EdgeImage = { readonly tag: string; readonly digest: string };

type Part = TarEntry & { readonly content: string | { readonly file: string } };

/** The image of this version of Lastgood and node; made where it is not there yet. */
export async function ensureEdgeImage(deps: EdgeImageDeps): Promise<Result<EdgeImage>> {
  const parts = await partsOf(deps);
  if (!parts.ok) return parts;
  const hash = createHash("sha256");
  for (const part of parts.value.parts) {
    hash.update(`${part.path}\0${part.mode}\0${part.size}\0`);
    const read = await eachPiece(part, deps.files, (piece) => void hash.update(piece));
    if (!read.ok) return read;
  }
  for (const change of parts.value.changes) hash.update(`${change}\0`);
  const digest = hash.digest("hex");
  const image = { tag: `${edgeRepository}:${digest.slice(0, 16)}`, digest };
  const there = await inspectImage(deps.docker, image.tag);
  if (!there.ok) return there;
  if (there.value !== null) return ok(image);
  return await make(image, parts.value, deps);
}

type Parts = { readonly parts: readonly Part[]; readonly changes: readonly string[] };

async function partsOf(deps: EdgeImageDeps): Promise<Result<Parts>> {
  const { host, files, node, proxyMain, packageRoot } = deps;
  const head = await files.read(node, { offset: 0, length: elf.length });
  if (!head.ok) return head;
  if (!head.value.equals(elf)) {
    return problem(
      "config",
      `${node} is no Linux program, so it can't run in a container`,
      "run Lastgood on Linux, beside the Docker engine",
      node,
    );
  }
  const libraries = await librariesOf(node, host, files);
  if (!libraries.ok) return libraries;
  const modules = await modulesOf(proxyMain, packageRoot, files);
  if (!modules.ok) return modules;
  const copied: Part[] = [];
  for (const [from, to, mode] of [
    [node, nodePath, 0o755] as const,
    ...libraries.value.map((path) => [path, path.slice(1), 0o755] as const),
    ...modules.value.modules.map(({ from, to }) => [from, join(home, to), 0o644] as const),
  ]) {
    const stat = await files.stat(from);
    if (!stat.ok) return stat;
    if (stat.value?.type !== "file")
      return problem("missing", `${from} is gone`, "install Lastgood again", from);
    copied.push({ path: to, mode, size: stat.value.size, content: { file: from } });
  }
  const parts = [...written(), ...copied].sort((a, b) => (a.path < b.path ? -1 : 1));
  return ok({ parts, changes: changesFor(modules.value.entry, libraries.value) });
}

function written(): readonly Part[] {
  const texts: Readonly<Record<string, string>> = {
    "etc/passwd": "root:x:0:0:root:/:/sbin/nologin\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    [`${home}/package.json`]: '{"type":"module"}\n',
  };
  return [
    { path: "tmp/", mode: 0o1777, size: 0, content: "" },
    ...Object.entries(texts).map(([path, content]) => ({
      path,
      mode: 0o644,
      size: Buffer.byteLength(content),
      content,
    })),
  ];
}

function changesFor(entry: string, libraries: readonly string[]): readonly string[] {
  // The loader has no cache of unusual folders in there.
  const folders = [...new Set(libraries.map((path) => path.slice(0, path.lastIndexOf("/"))))];
  return [
    `ENTRYPOINT ${JSON.stringify([`/${nodePath}`, `/${join(home, entry)}`])}`,
    ...(folders.length > 0 ? [`ENV LD_LIBRARY_PATH=${folders.join(":")}`] : []),
    `WORKDIR /${home}`,
  ];
}

async function make(
  image: EdgeImage,
  { parts, changes }: Parts,
  deps: EdgeImageDeps,
): Promise<Result<EdgeImage>> {
  const bytes = tarBytes(parts);
  deps.say(`making the edge's image ${image.tag} (${Math.round(bytes / 1e6)} MB, once for this version)`);
  const archive = Buffer.alloc(bytes);
  const starts = tarLayout(parts, archive);
  if (!starts.ok) return starts;
  for (const [i, part] of parts.entries()) {
    let at = starts.value[i] ?? 0;
    const read = await eachPiece(part, deps.files, (piece) => {
      at += piece.copy(archive, at);
    });
    if (!read.ok) return read;
  }
  const done = await deps.docker.run({
    args: ["import", ...changes.flatMap((change) => ["--change", change]), "-", image.tag],
    effect: "write",
    timeoutMs: importMs,
    stdin: archive,
  });
  if (!done.ok) return done;
  if (done.value.exitCode === 0) return ok(image);
  const code = /no space left/i.test(done.value.stderr) ? "no-space" : "failed";
  const what = `docker import of the edge's image failed: ${lastWords(done.value)}`;
  return problem(code, what, "mend what docker says, then try again");
}

async function eachPiece(part: Part, files: Files, take: (piece: Buffer) => void): Promise<Result<void>> {
  if (typeof part.content === "string") {
    take(Buffer.from(part.content));
    return ok(undefined);
  }
  for (let offset = 0; offset < part.size; offset += readBytes) {
    const piece = await files.read(part.content.file, {
      offset,
      length: Math.min(readBytes, part.size - offset),
    });
    if (!piece.ok) return piece;
    take(piece.value);
  }
  return ok(undefined);
}
