// The last state on disk, for a start while the service is away. Damage is noticed and ignored, never believed.
import { lstatSync, mkdirSync, readFileSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { murmur3 } from "../rules/murmur.ts";
import { isFull } from "./table.ts";
import type { Full } from "./types.ts";

let writes = 0;

/** The state, or why there is none. */
export function loadState(file: string): { readonly full: Full } | { readonly why: string } {
  try {
    const text = readFileSync(file, "utf8");
    const end = text.indexOf("\n");
    const body = text.slice(end + 1);
    if (end < 0 || text.slice(0, end) !== seal(body)) return { why: `${file} is damaged` };
    const full: unknown = JSON.parse(body);
    return isFull(full) ? { full } : { why: `${file} is damaged` };
  } catch (error) {
    return { why: (error as Error).message };
  }
}

/** Whole or not at all: a reader sees the former state or this one. Throws what the disk says. */
export async function saveState(file: string, full: Full): Promise<void> {
  const body = JSON.stringify(full);
  const temp = join(dirname(file), `.${basename(file)}.${process.pid}.${++writes}`);
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  try {
    await writeFile(temp, `${seal(body)}\n${body}`, { mode: 0o600, flag: "wx" });
    await rename(temp, file);
  } catch (error) {
    await rm(temp, { force: true });
    throw error;
  }
}

/**
 * Where nobody said where: a folder of this user only, in the machine's folder for temporary things. Null where that
 * belongs to somebody else: a state that others can write is none.
 */
export function defaultStateFile(url: string, key: string): string | null {
  try {
    const uid = process.getuid?.() ?? 0;
    const folder = join(tmpdir(), `lastgood-flags-${uid}`);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const found = lstatSync(folder);
    const ours = found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0;
    return ours ? join(folder, `${murmur3(`${url} ${key}`).toString(16)}.json`) : null;
  } catch {
    return null;
  }
}

function seal(body: string): string {
  return `lastgood-flags 1 ${body.length} ${murmur3(body).toString(16)}`;
}
