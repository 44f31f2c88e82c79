// What a file from elsewhere is: known by its content, never by its name.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { FileStat, Files } from "../../../../ports/files.ts";

export type Kind = "directory" | "custom" | "tar" | "plain" | "gzip" | "openssl";

/** How people call it. */
export const kindNames: Readonly<Record<Kind, string>> = {
  directory: "a directory archive (pg_dump -Fd)",
  custom: "a custom archive (pg_dump -Fc)",
  tar: "a tar archive (pg_dump -Ft)",
  plain: "a plain SQL dump",
  gzip: "a gzip file",
  openssl: "a file of openssl enc",
};

const HEAD_BYTES = 4096;
/** In an archive's header, after `PGDMP`, three bytes of version and two of sizes. */
const FORMAT_AT = 10;
const TAR_MAGIC_AT = 257;
const whole = "choose a whole backup: lastgood backup list shows ours";

/** `missing` where there is nothing. */
export async function whatIsAt(files: Files, path: string): Promise<Result<FileStat>> {
  const stat = await files.stat(path);
  if (!stat.ok) return stat;
  if (stat.value !== null) return ok(stat.value);
  return problem(
    "missing",
    `there is nothing at ${path}`,
    "name a file, a folder, or an id of lastgood backup list",
    path,
  );
}

export async function kindOf(files: Files, path: string): Promise<Result<Kind>> {
  const stat = await whatIsAt(files, path);
  if (!stat.ok) return stat;
  if (stat.value.type === "directory") return directoryOr(files, path);
  if (stat.value.size === 0) return problem("damaged", `${path} is empty`, whole, path);
  const head = await files.read(path, { offset: 0, length: HEAD_BYTES });
  return head.ok ? fileKind(path, head.value) : head;
}

async function directoryOr(files: Files, path: string): Promise<Result<Kind>> {
  const toc = await files.read(join(path, "toc.dat"), { offset: 0, length: FORMAT_AT });
  if (toc.ok && toc.value.toString("latin1").startsWith("PGDMP")) return ok("directory");
  if (!toc.ok && toc.error.code !== "missing") return toc;
  const what = toc.ok ? "its toc.dat is not one of pg_dump" : "it has no toc.dat";
  return problem("damaged", `${path} is no directory archive: ${what}`, whole, path);
}

function fileKind(path: string, head: Buffer): Result<Kind> {
  const text = head.toString("latin1");
  if (head.readUInt16BE(0) === 0x1f8b) return ok("gzip");
  if (text.startsWith("Salted__")) return ok("openssl");
  if (text.startsWith("PGDMP")) return archiveKind(path, head);
  if (text.slice(TAR_MAGIC_AT, TAR_MAGIC_AT + 5) === "ustar")
    return text.startsWith("toc.dat\0")
      ? ok("tar")
      : problem(
          "damaged",
          `${path} is a tar archive, and not one of pg_dump -Ft`,
          "unpack it, and name what is in it",
          path,
        );
  if (/PostgreSQL database cluster dump/.test(text))
    return problem(
      "refused",
      `${path} is a dump of a whole server (pg_dumpall), with all its databases`,
      "name a dump of this one database; or restore the whole into a server of its own, and dump the one from there",
      path,
    );
  if (/^-- PostgreSQL database dump\s*$/m.test(text)) return ok("plain");
  const other =
    /^-- (MySQL|MariaDB) dump/m.exec(text)?.[1] ?? (text.startsWith("SQLite format 3") ? "SQLite" : null);
  const is =
    other === null ? "no backup of PostgreSQL" : `a backup of ${other}, and this database is PostgreSQL`;
  return problem("refused", `${path} is ${is}`, "name a file that pg_dump made", path);
}

function archiveKind(path: string, head: Buffer): Result<Kind> {
  if (head[FORMAT_AT] === 1) return ok("custom");
  if (head[FORMAT_AT] === 3)
    return problem(
      "refused",
      `${path} is the toc.dat of a directory archive`,
      "name the folder that it lies in",
      path,
    );
  return problem("damaged", `${path} begins as an archive of pg_dump, and has no known format`, whole, path);
}
