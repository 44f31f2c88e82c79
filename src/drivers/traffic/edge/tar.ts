// A tar archive (ustar) in memory, the same bytes for the same content: what `docker import` takes.
import { ok, problem, type Result } from "../../../core/result.ts";

export type TarEntry = {
  /** Without a leading `/`; folders end with `/`. */
  readonly path: string;
  readonly mode: number;
  readonly size: number;
};

const block = 512;
const nameBytes = 100;
const prefixBytes = 155;

/** Bytes of the whole archive. */
export function tarBytes(entries: readonly TarEntry[]): number {
  return entries.reduce((sum, { size }) => sum + block + padded(size), 2 * block);
}

/** Where each entry's content goes; headers are written, contents are left to the caller. */
export function tarLayout(entries: readonly TarEntry[], into: Buffer): Result<readonly number[]> {
  const starts: number[] = [];
  let at = 0;
  for (const entry of entries) {
    const header = tarHeader(entry);
    if (!header.ok) return header;
    header.value.copy(into, at);
    starts.push(at + block);
    at += block + padded(entry.size);
  }
  return ok(starts);
}

export function tarHeader({ path, mode, size }: TarEntry): Result<Buffer> {
  const names = split(path);
  if (names === null) {
    return problem(
      "failed",
      `a path is too long for an archive: ${path}`,
      "install Lastgood in a folder with a shorter path",
    );
  }
  const header = Buffer.alloc(block);
  header.write(names.name, 0);
  octal(header, 100, 8, mode);
  octal(header, 108, 8, 0);
  octal(header, 116, 8, 0);
  octal(header, 124, 12, size);
  octal(header, 136, 12, 0);
  header.write("        ", 148);
  header.write(path.endsWith("/") ? "5" : "0", 156);
  header.write("ustar\0" + "00", 257);
  header.write(names.prefix, 345);
  // The checksum counts its own field as spaces.
  octal(
    header,
    148,
    7,
    header.reduce((sum, byte) => sum + byte, 0),
  );
  return ok(header);
}

function split(path: string): { readonly name: string; readonly prefix: string } | null {
  if (Buffer.byteLength(path) <= nameBytes) return { name: path, prefix: "" };
  for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)];
    if (name === "" || Buffer.byteLength(prefix) > prefixBytes) return null;
    if (Buffer.byteLength(name) <= nameBytes) return { name, prefix };
  }
  return null;
}

function octal(header: Buffer, at: number, width: number, value: number): void {
  header.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at);
}

function padded(size: number): number {
  return Math.ceil(size / block) * block;
}
