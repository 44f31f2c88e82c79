// A folder as a second place: of this machine (another disk, a mount), or of another one over ssh.
import { isAbsolute, join } from "node:path";
import { assert, ok, problem } from "../../../core/result.ts";
import type { Files } from "../../../ports/files.ts";
import { copyPieces, type Side } from "./copy-pieces.ts";
import type { Shelf } from "./shelf.ts";

const MODE = 0o600;

export type FolderParts = Side & {
  readonly files: Files;
  /** ` on backup-1`, for people; empty for this machine. */
  readonly where: string;
};

export function folderShelf(folder: string, { files, where, ...side }: FolderParts): Shelf {
  assert(isAbsolute(folder), "the second place is an absolute path");
  const about = `${folder}${where}`;
  const at = (name: string) => join(folder, name);
  return {
    about,
    async ready() {
      const there = await files.stat(folder);
      if (!there.ok) return there;
      // Made by hand, on purpose: a mount that is missing must not fill the disk beneath it.
      if (there.value?.type === "directory") return ok(undefined);
      const next = `make the folder, or mount what belongs there: ${about}`;
      return problem("missing", `the second place ${about} is not there`, next, folder);
    },
    ids: () => files.list(folder),
    async put(name, source, told) {
      const now = await side.sum(at(name));
      if (!now.ok && now.error.code !== "missing") return now;
      if (now.ok && now.value === source.sha256) return ok(true);
      const copied = await copyPieces(source, at(name), side, told);
      return copied.ok ? ok(true) : copied;
    },
    read: (name, offset, length) => files.read(at(name), { offset, length }),
    write: (name, text) => files.replace(at(name), text, MODE),
    drop: (name) => files.remove(at(name)),
  };
}
