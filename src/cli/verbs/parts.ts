// lastgood logs | restart: one name for each part, whatever runs it.
import type { LogLine, Part } from "../../core/parts/part.ts";
import { exitCodes, type Outcome, stopped } from "../../core/view/outcome.ts";
import type { Bedside } from "../connection.ts";
import { harmless, paint } from "../format/paint.ts";
import { connected, type Shared, type Shown, show } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };
const mostLines = 10_000;
const usualLines = 100;
const followMs = 500;

type LogsWish = {
  readonly part: string | null;
  readonly lines: string;
  readonly since: string | null;
  readonly follow: boolean;
};

export async function logsCommand(it: Shared, wish: LogsWish): Promise<Shown> {
  const beside = await it.edges.bedside({ config: it.config });
  if (!beside.ok) return stopped("logs", it.env, beside.error);
  const lines = Math.min(Math.max(Math.trunc(Number(wish.lines)) || usualLines, 1), mostLines);
  const input = { env: it.env, part: wish.part, lines, since: wish.since, after: null };
  const first = await beside.value.logs(input);
  if (exitCodes[first.outcome] !== 0 || wish.part === null || (it.json && !wish.follow))
    return printed(it, first);
  printLines(it, first);
  return wish.follow ? follow(it, beside.value, { ...input, part: wish.part }, first) : { exit: 0 };
}

function printed(it: Shared, outcome: Outcome): Shown {
  const parts = outcome.data["parts"] as unknown as readonly Part[] | undefined;
  if (it.json || !parts) return outcome;
  const width = Math.max(0, ...parts.map((part) => part.name.length));
  for (const part of parts)
    it.io.out(
      `${part.name.padEnd(width)}  ${part.kind.padEnd(8)}  ${part.by.padEnd(7)}  ${harmless(part.what)}\n`,
    );
  return { exit: 0 };
}

type Following = {
  readonly env: string;
  readonly part: string;
  readonly lines: number;
  readonly since: string | null;
};

/** Ends with the terminal. What a page could not be read for is said, and the next look tries again. */
async function follow(it: Shared, beside: Bedside, input: Following, first: Outcome): Promise<Shown> {
  let after = String(first.data["next"] ?? "");
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, followMs));
    const page = await beside.logs({ ...input, lines: mostLines, after });
    if (exitCodes[page.outcome] !== 0) {
      show(it, page);
      return { exit: exitCodes[page.outcome] };
    }
    printLines(it, page);
    after = String(page.data["next"] ?? after);
  }
}

function printLines(it: Shared, { data }: Outcome): void {
  const lines = (data["lines"] as unknown as readonly LogLine[] | undefined) ?? [];
  const several = new Set(lines.map((line) => line.from)).size > 1;
  const { dim } = paint(it.io.color);
  for (const line of lines) {
    const head = [line.at?.slice(0, 23), several ? line.from : null].filter((word) => word).join(" ");
    it.io.out(
      it.json
        ? `${JSON.stringify(line)}\n`
        : `${head === "" ? "" : `${dim(harmless(head))}  `}${harmless(line.text)}\n`,
    );
  }
}

export async function restartCommand(it: Shared, part: string, yes: boolean): Promise<Shown> {
  return connected(it, "restart", async (connection) => {
    const input = { env: it.env, part, by: it.io.user };
    const first = await connection.call("restart", { ...input, approved: yes }, quiet);
    if (first.outcome !== "waits" || first.data["asks"] !== true || !it.io.interactive) return first;
    const answer = await it.io.ask(`${first.what}\nRestart it? [y/N] `);
    if (!/^y(es)?$/i.test(answer.trim())) return { ...first, what: "Not done: you did not say yes." };
    return connection.call("restart", { ...input, approved: true }, quiet);
  });
}
