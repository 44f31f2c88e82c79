// lastgood rollback [version]

import { clockTime, day, harmless, paint } from "../format/paint.ts";
import { connected, type Shared, type Shown } from "../run.ts";
import { acting } from "./acting.ts";

type Wish = {
  readonly version: string | null;
  readonly withData: boolean;
  readonly withMigrations: boolean;
  readonly choose: boolean;
  readonly planOnly: boolean;
  readonly yes: boolean;
  readonly wait: boolean;
  readonly why: string | null;
};

export async function rollbackCommand(it: Shared, wish: Wish): Promise<Shown> {
  const { planOnly, yes, wait, withData, withMigrations, why } = wish;
  const picked = wish.choose && it.io.interactive ? await pick(it) : wish.version;
  if (picked === undefined) return { exit: 2 };
  return acting(it, {
    verb: "rollback",
    planOnly,
    yes,
    call: (connection, approved, plan, progress) =>
      connection.call(
        "rollback",
        {
          env: it.env,
          version: picked,
          withData,
          withMigrations,
          planOnly: plan,
          approved,
          wait,
          by: it.io.user,
          why,
        },
        progress,
      ),
  });
}

type Row = {
  readonly release: string;
  readonly version: string;
  readonly servedAt: number | null;
  readonly goodAt: number | null;
  readonly current: boolean;
  readonly bad: boolean;
};

/** A numbered list: works on every terminal, over every ssh. Undefined when nothing was chosen. */
async function pick(it: Shared): Promise<string | null | undefined> {
  const quiet = { durations: () => undefined, event: () => undefined };
  const outcome = await connected(it, "rollback", (connection) =>
    connection.call("history", { env: it.env, limit: 1 }, quiet),
  );
  const rows = ((outcome.data["releases"] as unknown as Row[] | undefined) ?? []).filter(
    (row) => row.servedAt !== null,
  );
  const { dim, red, green } = paint(it.io.color);
  for (const [index, row] of rows.entries()) {
    const state = row.current
      ? green("(current)")
      : row.bad
        ? red("(bad)")
        : row.goodAt === null
          ? dim("(never proven good)")
          : "";
    it.io.err(
      `${String(index + 1).padStart(3)}. ${harmless(row.version)} ${dim(row.release)} ${day(row.servedAt ?? 0)} ${clockTime(row.servedAt ?? 0)} ${state}\n`,
    );
  }
  const answer = Number((await it.io.ask("Which one? (number, Enter for last good) ")) || 0);
  if (answer === 0) return null;
  const chosen = rows[answer - 1];
  if (!chosen) it.io.err("Not a number of the list; nothing was changed.\n");
  return chosen?.release;
}
