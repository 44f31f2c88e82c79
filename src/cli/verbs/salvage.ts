// lastgood salvage [kept]: what a restore took away, and the rows of it that come back.
import { type Kind, kinds } from "../../core/salvage/verdict.ts";
import { exitCodes, type Outcome, stopped } from "../../core/view/outcome.ts";
import type { Connection } from "../connection.ts";
import { harmless } from "../format/paint.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

export type SalvageWish = {
  readonly kept: string | null;
  readonly tables: readonly string[] | null;
  readonly only: readonly string[];
  readonly doubtful: boolean;
  readonly overwrite: boolean;
  readonly planOnly: boolean;
  readonly yes: boolean;
};

const quiet = { durations: () => undefined, event: () => undefined };

export async function salvageCommand(it: Shared, wish: SalvageWish): Promise<Shown> {
  const wrong = wish.only.find((one) => !(kinds as readonly string[]).includes(one));
  if (wrong !== undefined)
    return stopped("salvage", it.env, {
      code: "usage",
      what: `"${wrong}" is nothing that rows can be picked by`,
      next: `--only takes ${kinds.join(", ")}.`,
    });
  const outcome = await connected(it, "salvage", (connection) => ask(it, connection, wish));
  show(it, outcome, it.json ? "" : aboutText(outcome));
  return { exit: exitCodes[outcome.outcome] };
}

async function ask(it: Shared, connection: Connection, wish: SalvageWish): Promise<Outcome> {
  if (wish.planOnly || wish.yes) return call(it, connection, wish, wish.yes && !wish.planOnly);
  const first = await call(it, connection, wish, false);
  if (first.outcome !== "waits" || !it.io.interactive) return first;
  it.io.err(`${aboutText(first)}\n`);
  const answer = await it.io.ask(`${first.what} Bring them back? [y/N] `);
  if (!/^y(es)?$/i.test(answer.trim())) return { ...first, what: "Not done: you did not say yes.", data: {} };
  return call(it, connection, { ...wish, kept: String(first.data["kept"]) }, true);
}

function call(it: Shared, connection: Connection, wish: SalvageWish, approved: boolean): Promise<Outcome> {
  const { kept, tables, only, doubtful, overwrite, planOnly } = wish;
  const picked = only.length > 0 ? ([...only] as Kind[]) : [...kinds];
  const input = {
    env: it.env,
    kept,
    tables: tables === null ? null : [...tables],
    kinds: picked,
    doubtful,
    overwrite,
    planOnly,
    approved,
    by: it.io.user,
  };
  return connection.call("salvage", input, quiet);
}

function aboutText({ data }: Outcome): string {
  const lines = (data["about"] as readonly string[] | undefined) ?? [];
  return lines.map(harmless).join("\n");
}
