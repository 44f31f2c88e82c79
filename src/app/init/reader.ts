// Reads small text files below one folder. What is not there, is no text or is too big is passed over.
import { join } from "node:path";
import type { Files } from "../../ports/files.ts";
import type { Source } from "./mentions.ts";

export type Reader = {
  /** Names in a folder, sorted. */
  names(folder: string): Promise<readonly string[]>;
  /** Null where it can't be read. */
  text(path: string): Promise<string | null>;
  /** Files directly in these folders whose name fits. */
  inFolders(folders: readonly string[], fits: RegExp): Promise<readonly Source[]>;
  /** The file itself; of a folder, the files in it whose name fits. */
  fileOr(path: string, fits: RegExp): Promise<readonly Source[]>;
  isFolder(path: string): Promise<boolean>;
};

/** Settings and sources are smaller; what is bigger is not written by people. */
const mostBytes = 256 * 1024;
const mostFiles = 200;

export function reader(files: Files, root: string): Reader {
  const own: Reader = {
    async names(folder) {
      const listed = await files.list(join(root, folder));
      return listed.ok ? listed.value : [];
    },
    async text(path) {
      const stat = await files.stat(join(root, path));
      if (!stat.ok || stat.value?.type !== "file" || stat.value.size > mostBytes) return null;
      const read = await files.read(join(root, path));
      return read.ok && !read.value.includes(0) ? read.value.toString("utf8") : null;
    },
    async inFolders(folders, fits) {
      const found: Source[] = [];
      for (const folder of folders) {
        for (const name of (await own.names(folder)).filter((each) => fits.test(each))) {
          if (found.length >= mostFiles) return found;
          const file = folder === "" ? name : `${folder}/${name}`;
          const text = await own.text(file);
          if (text !== null) found.push({ file, text });
        }
      }
      return found;
    },
    async fileOr(path, fits) {
      const text = await own.text(path);
      return text === null ? await own.inFolders([path], fits) : [{ file: path, text }];
    },
    async isFolder(path) {
      const stat = await files.stat(join(root, path));
      return stat.ok && stat.value?.type === "directory";
    },
  };
  return own;
}
