// Our ends of the TCP connections of one process, from what Linux says of it under /proc.
import { readdir, readFile, readlink } from "node:fs/promises";

export type TcpEnd = { readonly address: string; readonly port: number };

const SOCKET = /^socket:\[(\d+)\]$/;
/** Fields of a line of /proc/<pid>/net/tcp, split at blanks. */
const LOCAL = 1;
const INODE = 9;

/** Empty where it is gone, or not ours to see. */
export async function tcpEndsOf(proc: string, pid: number): Promise<readonly TcpEnd[]> {
  const own = await socketsOf(`${proc}/${pid}/fd`);
  const ends: TcpEnd[] = [];
  for (const table of ["tcp", "tcp6"]) {
    const text = await readFile(`${proc}/${pid}/net/${table}`, "latin1").catch(() => "");
    for (const line of text.split("\n").slice(1)) {
      const fields = line.trim().split(/\s+/);
      const end = own.has(fields[INODE] ?? "") ? endOf(fields[LOCAL] ?? "") : null;
      if (end !== null) ends.push(end);
    }
  }
  return ends;
}

async function socketsOf(folder: string): Promise<ReadonlySet<string>> {
  const found = new Set<string>();
  for (const fd of await readdir(folder).catch(() => [])) {
    const to = await readlink(`${folder}/${fd}`).catch(() => "");
    const inode = SOCKET.exec(to)?.[1];
    if (inode !== undefined) found.add(inode);
  }
  return found;
}

/** `0100007F:1538` is 127.0.0.1, 5432: words of 32 bits, their bytes turned round; the port is not. */
export function endOf(text: string): TcpEnd | null {
  const [hex = "", port = ""] = text.split(":");
  const words = hex.match(/.{8}/g);
  if (words === null || port === "") return null;
  const bytes = words.flatMap((word) => [...Buffer.from(word, "hex")].reverse());
  return { address: bytes.length === 4 ? bytes.join(".") : sixth(bytes), port: Number.parseInt(port, 16) };
}

/** As servers write it: the short form, and that of version 4 where it is one. */
function sixth(bytes: readonly number[]): string {
  const mapped = bytes.slice(0, 10).every((one) => one === 0) && bytes[10] === 0xff && bytes[11] === 0xff;
  if (mapped) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
