// Second places for tests: any shelf, with files of this machine.

import type { Retention } from "../../../src/core/backups/retention.ts";
import { sumOf } from "../../../src/drivers/database/second-place/copy-pieces.ts";
import { folderShelf } from "../../../src/drivers/database/second-place/folder-shelf.ts";
import { secondPlace } from "../../../src/drivers/database/second-place/second-place.ts";
import type { Shelf } from "../../../src/drivers/database/second-place/shelf.ts";
import { localFiles } from "../../../src/os/files.ts";
import { localPieces } from "../../../src/os/piece-files.ts";
import type { Files } from "../../../src/ports/files.ts";
import type { Tell } from "../../../src/ports/progress.ts";
import type { SecondPlace } from "../../../src/ports/second-place.ts";

export const lastTwo: Retention = { newest: 2, daily: 0, weekly: 0, monthly: 0 };

export type PlaceWish = { readonly keep?: Retention; readonly tell?: Tell };

export function placeOn(
  shelf: Shelf,
  backupDir: string,
  { keep = lastTwo, tell }: PlaceWish = {},
): SecondPlace {
  const parts = { shelf, files: localFiles(), pieces: localPieces(), ...(tell ? { tell } : {}) };
  return secondPlace({ keep, backupDir }, parts);
}

export function localShelf(folder: string, files: Files = localFiles()): Shelf {
  const sum = (path: string) => sumOf(files, path);
  return folderShelf(folder, { files, pieces: localPieces(), sum, where: "" });
}
