// Space that is kept aside, so that the last facts can still be written on a full disk.
import { closeSync, fsyncSync, openSync, truncateSync, writeSync } from "node:fs";
import { freeBytes, look, makePrivate } from "./disk.ts";

const chunkBytes = 1024 * 1024;

export type Ballast = {
  /** Put it back where the disk has room for it twice; false when it is not whole. Never throws. */
  keep(): boolean;
  /** Give its space back to the disk. Never throws. */
  release(): void;
  isWhole(): boolean;
};

/** `bytes` 0 turns it off: then it is always whole and there is never anything to release. */
export function ballastAt(file: string, folder: string, bytes: number): Ballast {
  const isWhole = (): boolean => bytes === 0 || (look(file)?.size ?? 0) >= bytes;
  return {
    isWhole,
    keep() {
      try {
        if (isWhole()) return true;
        // Filling the last bytes of a disk with ballast would itself be an outage.
        if (freeBytes(folder) < 2 * bytes) return false;
        fill(file, bytes);
        return true;
      } catch {
        empty(file);
        return false;
      }
    },
    release: () => empty(file),
  };
}

function empty(file: string): void {
  try {
    if (look(file) !== null) truncateSync(file, 0);
  } catch {
    // Then there is no space to gain here; the write that asked for it will say so.
  }
}

/** Written out, not just sized: a sparse file keeps no space. Noise, because zeros may be compressed away. */
function fill(file: string, bytes: number): void {
  makePrivate(file);
  const noise = new Uint32Array(chunkBytes / 4);
  let state = 0x9e3779b9;
  const fd = openSync(file, "r+");
  try {
    for (let offset = 0; offset < bytes; offset += chunkBytes) {
      for (let i = 0; i < noise.length; i += 1) {
        state ^= state << 13;
        state ^= state >>> 17;
        state ^= state << 5;
        noise[i] = state;
      }
      writeSync(fd, noise, 0, Math.min(chunkBytes, bytes - offset), offset);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
