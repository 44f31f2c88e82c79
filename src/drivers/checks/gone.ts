// Is nobody there, or does somebody answer badly? Only the first is an outage that no release of ours has made.
import type { Problem } from "../../core/result.ts";

/**
 * As docker, psql, redis-cli and sockets say it. One that is full of connections or too slow is there: it may be our own
 * app that keeps it so.
 */
const nobody =
  /connection refused|ECONNREFUSED|EHOSTUNREACH|ENOTFOUND|no route to host|could not translate host name|is not running|no such container|database system is (shutting down|starting up)/i;

export function isGone({ code, what }: Problem): boolean {
  return code === "unreachable" || nobody.test(what);
}
