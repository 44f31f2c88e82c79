// What PostgreSQL or the way to it says went wrong, as problems that say what to do.
import { DatabaseError } from "pg";
import type { Err, ProblemCode } from "../core/result.ts";
import type { SqlProblem } from "../ports/sql.ts";
import { errorCode } from "./file-problem.ts";

type Told = readonly [code: ProblemCode, next: string];

const again = "wait until the server is ready, then run again";
const rights = "use a role that may do this, or name one in adminUrl";

/** By SQLSTATE, or by its class (two characters): appendix A of PostgreSQL's manual. */
const told: Readonly<Record<string, Told>> = {
  "28": ["refused", "check user and password of the URL, and the server's pg_hba.conf"],
  "3D000": ["missing", "check the name of the database in the URL"],
  "42501": ["refused", rights],
  "53100": ["no-space", "free space on the server's disk, then run again"],
  "53300": ["busy", "let some connections end, or raise max_connections, then run again"],
  "55006": ["busy", "somebody is connected to it: end those sessions, then run again"],
  "55P03": ["busy", "something holds a lock on it: let it end, then run again"],
  "57P01": ["unreachable", again],
  "57P02": ["unreachable", again],
  "57P03": ["unreachable", again],
  "08": ["unreachable", again],
  XX001: ["damaged", "restore the newest backup that a drill proves: lastgood restore"],
  XX002: ["damaged", "an index is damaged: REINDEX it, or restore the newest backup that a drill proves"],
};

/** Anything that the server or the socket said; throws what neither did, because that is a bug. */
export function sqlProblem(error: unknown, doing: string): Err<SqlProblem> {
  if (error instanceof DatabaseError && error.code !== undefined) {
    const detail = error.detail === undefined ? "" : ` (${error.detail})`;
    const [code, next] = told[error.code] ?? told[error.code.slice(0, 2)] ?? fallback;
    return made(code, `cannot ${doing}: ${error.message}${detail}`, next, error.code);
  }
  if (!(error instanceof Error)) throw error;
  const system = errorCode(error);
  if (system !== null || /terminated|timeout|not queryable|SSL|closed/i.test(error.message))
    return made(
      "unreachable",
      `cannot ${doing}: ${error.message || system}`,
      "check that the server runs and that host, port and sslmode of the URL are right",
      null,
    );
  throw error;
}

const fallback: Told = ["failed", "look at the message, and at the server's log"];

function made(code: ProblemCode, what: string, next: string, sqlState: string | null): Err<SqlProblem> {
  return { ok: false, error: { code, what, next, sqlState } };
}
