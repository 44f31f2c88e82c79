// Turns an error of the file system into a problem that says what to do.
import type { Err, Problem } from "../core/result.ts";
import { problem } from "../core/result.ts";

/** The system's error name (`ENOENT`, …), or null for anything that is not a system error. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

/** `missing`, `no-space`, `read-only` or `failed`. Throws what is not a system error: that is a bug. */
export function fileProblem(error: unknown, doing: string, path: string): Err<Problem> {
  const code = errorCode(error);
  if (code === null) throw error;
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return problem(
        "missing",
        `cannot ${doing}: there is nothing at ${path}`,
        "check that the path is right",
        path,
      );
    case "ENOSPC":
    case "EDQUOT":
      return problem(
        "no-space",
        `cannot ${doing}: the disk is full`,
        `free space on the disk that holds ${path}, then run again`,
        path,
      );
    case "EROFS":
      return problem(
        "read-only",
        `cannot ${doing}: the file system is mounted read-only`,
        `remount the disk that holds ${path} for writing; if it went read-only by itself, look for disk errors with dmesg`,
        path,
      );
    case "EACCES":
    case "EPERM":
      return problem(
        "read-only",
        `cannot ${doing}: permission denied`,
        `let the user that runs lastgood read and write ${path}`,
        path,
      );
    default:
      return problem("failed", `cannot ${doing}: ${code}`, `look at ${path} and the system's log`, path);
  }
}
