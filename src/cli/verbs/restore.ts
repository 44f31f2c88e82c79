// lastgood restore [id|file]: what it costs is shown, and the database's name is typed before it is done.
import { exitCodes, type Outcome } from "../../core/view/outcome.ts";
import type { Connection, Progress } from "../connection.ts";
import { restoreText } from "../format/backups.ts";
import { showSteps } from "../format/steps.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

type Wish = {
  readonly backup: string | null;
  readonly at: string | null;
  readonly undo: boolean;
  readonly planOnly: boolean;
  readonly yes: boolean;
  readonly why: string | null;
};

const quiet = { durations: () => undefined, event: () => undefined };

export async function restoreCommand(it: Shared, wish: Wish): Promise<Shown> {
  const outcome = await connected(it, "restore", (connection) => ask(it, connection, wish));
  show(it, outcome, outcome.data["plan"] === undefined || it.json ? "" : restoreText(outcome.data, it.io));
  return { exit: exitCodes[outcome.outcome] };
}

async function ask(it: Shared, connection: Connection, wish: Wish): Promise<Outcome> {
  if (wish.planOnly) return call(it, connection, wish, { approved: false, progress: quiet });
  if (wish.yes) return doing(it, connection, wish, true);
  const first = await call(it, connection, wish, { approved: false, progress: quiet });
  const name = String(first.data["database"] ?? "");
  if (first.outcome !== "waits" || name === "" || !it.io.interactive) return first;
  it.io.err(`${restoreText(first.data, it.io)}\n`);
  const typed = await it.io.ask(`Type the name of the database to do it (${name}): `);
  if (typed.trim() !== name)
    return { ...first, what: `Not done: what you typed is not ${name}.`, data: { database: name } };
  const { id } = first.data["backup"] as { id: string };
  // What was chosen then: an age, or a file that was taken in, would choose anew.
  const chosen = wish.undo ? wish : { ...wish, backup: id, at: null };
  return doing(it, connection, chosen, String(first.data["hash"]));
}

async function doing(
  it: Shared,
  connection: Connection,
  wish: Wish,
  approved: boolean | string,
): Promise<Outcome> {
  const steps = showSteps(it.io);
  return call(it, connection, wish, { approved, progress: steps }).finally(() => steps.stop());
}

type How = { readonly approved: boolean | string; readonly progress: Progress };

function call(it: Shared, connection: Connection, wish: Wish, { approved, progress }: How): Promise<Outcome> {
  const { backup, at, undo, planOnly, why } = wish;
  const input = { env: it.env, backup, at, undo, planOnly, approved, by: it.io.user, why };
  return connection.call("restore", input, progress);
}
