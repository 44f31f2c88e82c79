// What all verbs share: options, the connection, how an outcome is shown and becomes an exit code.
import { exitCodes, type Outcome, stopped } from "../core/view/outcome.ts";
import type { Connection, Edges } from "./connection.ts";
import { paint } from "./format/paint.ts";
import type { Io } from "./io.ts";

export type Shared = {
  readonly config: string;
  readonly env: string;
  readonly json: boolean;
  readonly takeOver: boolean;
  readonly edges: Edges;
  readonly io: Io;
};

/** What a verb came to: an outcome to show in the ordinary way, or an exit code after it showed something itself. */
export type Shown = Outcome | { readonly exit: number };

let exit = 0;

/** The exit code of what was run last. */
export function exitWith(): number {
  return exit;
}

export async function run(shared: Shared, verb: (it: Shared) => Promise<Shown>): Promise<void> {
  const shown = await verb(shared);
  if ("exit" in shown) {
    exit = shown.exit;
    return;
  }
  show(shared, shown);
  exit = exitCodes[shown.outcome];
}

/** Connect, call, and turn a failed connection into an outcome. */
export async function connected(
  it: Shared,
  name: string,
  act: (connection: Connection) => Promise<Outcome>,
): Promise<Outcome> {
  const connection = await it.edges.connect({ config: it.config, takeOver: it.takeOver });
  return connection.ok ? act(connection.value) : stopped(name, it.env, connection.error);
}

/** JSON: the whole outcome as one document. Otherwise: what happened, what it means, what to do next. */
export function show({ io, json }: Shared, outcome: Outcome, body = ""): void {
  if (json) {
    io.out(`${JSON.stringify(document(outcome), null, 2)}\n`);
    return;
  }
  const { red, green, yellow, dim } = paint(io.color);
  const good = exitCodes[outcome.outcome] === 0;
  const mark = good ? green("✓") : outcome.outcome === "waits" ? yellow("?") : red("✗");
  const lines = [body, `${mark} ${outcome.what}`, outcome.means, outcome.next && dim(`→ ${outcome.next}`)];
  const text = `${lines.filter((line) => line !== "").join("\n")}\n`;
  if (good) io.out(text);
  else io.err(text);
}

export function document(outcome: Outcome) {
  const { verb, env, what, means, next, problem, data } = outcome;
  return {
    verb,
    env,
    outcome: outcome.outcome,
    exit: exitCodes[outcome.outcome],
    what,
    means,
    next,
    problem,
    ...data,
  };
}
