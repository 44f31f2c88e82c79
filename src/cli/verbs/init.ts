// lastgood init: shows what it would write, asks, and writes.
import type { Change, InitPlan } from "../../app/init/init.ts";
import type { Result } from "../../core/result.ts";
import { exitCodes, type Outcome, stopped } from "../../core/view/outcome.ts";
import { paint } from "../format/paint.ts";
import { type Shared, type Shown, show } from "../run.ts";

export type InitWish = {
  readonly planOnly: boolean;
  readonly yes: boolean;
  /** Whether a file of the team's own may be replaced without asking at the terminal; it is kept beside. */
  readonly replace: boolean;
};

/** `look`: looks around beside the config file of this path. */
export async function initCommand(
  it: Shared,
  wish: InitWish,
  look: (config: string) => Promise<Result<InitPlan>>,
): Promise<Shown> {
  const looked = await look(it.config);
  if (!looked.ok) return stopped("init", null, looked.error);
  const plan = looked.value;
  const open = plan.changes.filter(({ over }) => over !== "same");
  if (open.length === 0) return ended(plan, "unchanged", "Everything is as init would write it.", deployNext);
  if (!wish.planOnly && (wish.yes || it.io.interactive)) return await carryOut(it, wish, plan, open);
  const waits = wish.planOnly ? "planned" : "waits";
  const next = "lastgood init --yes, or at a terminal: lastgood init";
  const outcome = ended(plan, waits, `${files(open.length)} would be written; nothing was.`, next);
  show(it, outcome, it.json ? "" : open.map((change) => shown(it, change)).join("\n"));
  return { exit: exitCodes[waits] };
}

async function carryOut(
  it: Shared,
  wish: InitWish,
  plan: InitPlan,
  open: readonly Change[],
): Promise<Outcome> {
  const written: string[] = [];
  for (const change of open) {
    if (!(await isWanted(it, wish, change))) continue;
    const done = await plan.write(change);
    if (!done.ok) {
      const means =
        written.length === 0 ? "Nothing was changed." : `Written before that: ${written.join(", ")}.`;
      return { ...stopped("init", null, done.error), means };
    }
    written.push(change.path);
  }
  const left = open.map(({ path }) => path).filter((path) => !written.includes(path));
  const stays =
    left.length === 0 ? "" : ` Left as ${left.length > 1 ? "they are" : "it is"}: ${left.join(", ")}.`;
  const next = left.length > 0 && wish.yes ? replaceNext : deployNext;
  if (written.length === 0) return ended(plan, "unchanged", `Nothing was written.${stays}`, next);
  return ended(plan, "done", `Written: ${written.join(", ")}.${stays}`, next);
}

function ended(plan: InitPlan, outcome: Outcome["outcome"], what: string, next: string): Outcome {
  const { assumed, unknown } = plan;
  const changes = plan.changes.map(({ path, over, difference }) => ({ path, over, difference }));
  const data = { changes, assumed: [...assumed], unknown: [...unknown] };
  return {
    verb: "init",
    env: null,
    outcome,
    what,
    means: remarks(assumed, unknown),
    next,
    problem: null,
    data,
  };
}

function files(count: number): string {
  return count === 1 ? "1 file" : `${count} files`;
}

const deployNext = "lastgood deploy <version> --plan";
const replaceNext = "lastgood init --yes --replace takes their place and keeps them beside.";

/** The difference is always shown first, whoever says yes. */
async function isWanted(it: Shared, wish: InitWish, change: Change): Promise<boolean> {
  it.io.err(`${shown(it, change)}\n`);
  if (wish.yes && (!replaces(change) || wish.replace)) return true;
  if (!it.io.interactive || it.json) return false;
  const answer = await it.io.ask(`${change.over === "new" ? "Write" : "Change"} ${change.path}? [y/N] `);
  return /^y(es)?$/i.test(answer.trim());
}

/** Something of the team's own would be gone, and not only lines come to it. */
function replaces({ over, difference }: Change): boolean {
  return over === "theirs" && /^-/m.test(difference);
}

function shown({ io }: Shared, { path, over, difference }: Change): string {
  const { dim, red, green } = paint(io.color);
  const says = { new: "new", same: "as it is", ours: "written by an earlier init", theirs: "yours" }[over];
  const lines = difference
    .trimEnd()
    .split("\n")
    .map((line) => (line.startsWith("+") ? green(line) : line.startsWith("-") ? red(line) : dim(line)));
  return `${path} (${says})\n${lines.join("\n")}`;
}

function remarks(assumed: readonly string[], unknown: readonly string[]): string {
  const part = (title: string, notes: readonly string[]) =>
    notes.length === 0 ? [] : [title, ...notes.map((note) => `  - ${note}`)];
  return [...part("Assumed:", assumed), ...part("Could not be told from here:", unknown)].join("\n");
}
