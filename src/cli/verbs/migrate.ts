// lastgood migrate status | down
import { exitCodes, type Outcome, stopped } from "../../core/view/outcome.ts";
import { harmless } from "../format/paint.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

export async function migrateStatusCommand(it: Shared): Promise<Shown> {
  const outcome = await connected(it, "migrate", (to) => to.call("migrate.status", { env: it.env }, quiet));
  show(it, outcome, it.json ? "" : linesOf(outcome));
  return { exit: exitCodes[outcome.outcome] };
}

type Wish = {
  readonly count: string;
  readonly to: string | null;
  readonly planOnly: boolean;
  readonly yes: boolean;
};

export async function migrateDownCommand(
  it: Shared,
  { count: text, to, planOnly, yes }: Wish,
): Promise<Shown> {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1)
    return stopped("migrate", it.env, {
      code: "usage",
      what: `"${text}" is no number of migrations`,
      next: "Say 1 or more.",
    });
  const input = { env: it.env, count, to, planOnly, by: it.io.user };
  return connected(it, "migrate", async (connection) => {
    const call = (approved: boolean) => connection.call("migrate.down", { ...input, approved }, quiet);
    if (planOnly || yes) return call(yes && !planOnly);
    const first = await call(false);
    if (first.outcome !== "waits" || !it.io.interactive) return first;
    const answer = await it.io.ask(`${first.what}\n${first.means}\nDo it? [y/N] `);
    return /^y(es)?$/i.test(answer.trim())
      ? call(true)
      : { ...first, what: "Not done: you did not say yes." };
  });
}

function linesOf({ data }: Outcome): string {
  return ((data["about"] as readonly string[] | undefined) ?? []).map(harmless).join("\n");
}
