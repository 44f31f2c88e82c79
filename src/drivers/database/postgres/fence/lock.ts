// The one exchange at a time: an advisory lock of the server, which goes when its holder dies.
import { createHash } from "node:crypto";
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import type { Context } from "../context.ts";
import { rowsOf } from "../rows.ts";

/** `exchange` is held for a whole restore, `epoch` for single transactions. */
type What = "exchange" | "epoch";

const WAIT_MS = 10_000;
const LOOK_EVERY_MS = 50;

/** `busy` where somebody else has it for longer than `waitMs`. It goes with the session, or by `release`. */
export async function takeExchange(
  context: Context,
  session: SqlSession,
  waitMs = WAIT_MS,
): Promise<Result<void>> {
  const until = context.clock.elapsed() + waitMs;
  while (true) {
    const taken = await tryExchange(context, session);
    if (!taken.ok) return taken;
    if (taken.value) return ok(undefined);
    if (context.clock.elapsed() >= until) return held(context);
    await context.clock.sleep(LOOK_EVERY_MS);
  }
}

/** False where somebody else has it: a restore of theirs is under way. */
export async function tryExchange(context: Context, session: SqlSession): Promise<Result<boolean>> {
  const [first, second] = key(context, "exchange");
  const asked = await rowsOf(session, "SELECT pg_try_advisory_lock($1::int, $2::int) AS taken", [
    first,
    second,
  ]);
  return asked.ok ? ok(asked.value[0]?.["taken"] === "t") : asked;
}

/** Until the end of the transaction that is open. */
export function epochLock(context: Context): string {
  const [first, second] = key(context, "epoch");
  return `SELECT pg_advisory_xact_lock(${first}, ${second})`;
}

function held(context: Context): Result<never> {
  return problem(
    "busy",
    `another restore of ${context.database} is under way on the server`,
    "wait until it has ended: lastgood status",
    context.database,
  );
}

/** Two numbers of 32 bits: what, and for which database. Locks of one database of the server do not meet another's. */
function key({ database }: Context, what: What): readonly [number, number] {
  const number = (text: string) => createHash("sha256").update(text).digest().readInt32BE(0);
  return [number(`lastgood ${what}`), number(database)];
}
