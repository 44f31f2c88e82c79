// Files of this machine that come piece by piece: a half one has another name, and the next try goes on with it.
import { chmod, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ok, type Result } from "../core/result.ts";
import type { Growing, PieceFiles } from "../ports/piece-files.ts";
import { fileProblem } from "./file-problem.ts";

const MODE = 0o600;

export function localPieces(): PieceFiles {
  return {
    open: (path) =>
      attempt("write", path, async () => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        const half = halfName(path);
        await append(half, Buffer.alloc(0)); // an empty file has no pieces
        return growing(half, path, (await stat(half)).size);
      }),
  };
}

/** The same for every try. */
export function halfName(path: string): string {
  return join(dirname(path), `.${basename(path)}.half`);
}

function growing(half: string, path: string, bytes: number): Growing {
  return {
    path: half,
    bytes,
    add: (piece) => attempt("write", path, () => append(half, piece)),
    finish: () =>
      attempt("write", path, async () => {
        await sync(half);
        await chmod(half, MODE);
        await rename(half, path);
        await sync(dirname(path));
      }),
    drop: () => attempt("remove", half, () => rm(half, { force: true })),
  };
}

async function append(path: string, piece: Buffer): Promise<void> {
  const handle = await open(path, "a", MODE);
  try {
    await handle.writeFile(piece);
  } finally {
    await handle.close();
  }
}

async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function attempt<T>(doing: string, path: string, work: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work());
  } catch (error) {
    return fileProblem(error, `${doing} ${path}`, path);
  }
}
