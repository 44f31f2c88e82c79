// Doctor's answer on one screen: what is bad first, each with its next command; what is well in a line or two.
import type { Outcome } from "../../core/view/outcome.ts";
import type { Io } from "../io.ts";
import { duration, harmless, paint } from "./paint.ts";

type Row = {
  readonly env: string | null;
  readonly check: string;
  readonly about: string;
  readonly is: "bad" | "warn" | "unknown" | "well";
  readonly what: string;
  readonly next: string | null;
};

/** One screen, also on a small terminal: whoever scrolls at three in the morning reads the wrong half. */
const mostLines = 40;
const linesForWell = 2;
const machineName = "machine";

export function doctorText(outcome: Outcome, io: Io): string {
  const rows = outcome.data["checks"] as unknown as readonly Row[];
  const { bold, dim, green, red, yellow } = paint(io.color);
  const envs = [...new Set(rows.map((row) => row.env))];
  const width = Math.max(...envs.map((env) => (env ?? machineName).length));
  const worst = rows.some((row) => row.is === "bad");
  const mark = worst ? red("✗") : rows.some((row) => row.is === "warn") ? yellow("!") : green("✓");
  const head = `${mark} ${bold(outcome.what)} ${dim(`(${duration(Number(outcome.data["ms"]))})`)}`;
  const bottom = inOrder(envs).flatMap((env) => wellLines(rows, env, { width, io }));
  const top = troubles(rows, { width, io }, mostLines - bottom.length - 2);
  return [head, ...top, ...bottom].join("\n");
}

type Style = { readonly width: number; readonly io: Io };

/** The machine's own come last. */
function inOrder(envs: readonly (string | null)[]): readonly (string | null)[] {
  return [...envs.filter((env) => env !== null), ...envs.filter((env) => env === null)];
}

/** A next step of its own line; the same one is not said twice in a row. */
function troubles(rows: readonly Row[], style: Style, room: number): readonly string[] {
  const { red, yellow, dim } = paint(style.io.color);
  const wrong = rows.filter((row) => row.is === "bad" || row.is === "warn");
  const lines: string[] = [];
  for (const [at, row] of wrong.entries()) {
    const mark = row.is === "bad" ? red("✗") : yellow("!");
    const said = [`${mark} ${where(row.env, style)} ${cut(thing(row) + row.what, style, 3)}`];
    const again = row.next !== null && wrong[at + 1]?.next === row.next;
    if (row.next !== null && !again)
      said.push(dim(`  ${" ".repeat(style.width)} → ${cut(withEnv(row), style, 5)}`));
    if (lines.length + said.length > room - 1 && at < wrong.length - 1)
      return [...lines, dim(`  … and ${wrong.length - at} more: lastgood doctor --json`)];
    lines.push(...said);
  }
  return lines;
}

function where(env: string | null, { width }: Style): string {
  return (env ?? machineName).padEnd(width);
}

function thing({ check, about }: Row): string {
  const words = check === machineName && about !== "" ? [about] : [check, about];
  const name = harmless(words.filter((word) => word !== "").join(" "));
  return `${name}: `;
}

/** Commands of ours mean production unless they are told otherwise. */
function withEnv({ env, next }: Row): string {
  const text = next ?? "";
  return env !== null && env !== "production" && /^lastgood \S+( \S+)?$/.test(text)
    ? `${text} -e ${env}`
    : text;
}

const narrowest = 60;

/** `taken`: columns of the line that are used beside the environment's name. */
function cut(text: string, { io, width }: Style, taken: number): string {
  const plain = harmless(text).replaceAll("\n", " ");
  const room = Math.max(narrowest, io.columns) - width - taken;
  return plain.length > room ? `${plain.slice(0, room - 1)}…` : plain;
}

function wellLines(rows: readonly Row[], env: string | null, style: Style): readonly string[] {
  const { green, dim } = paint(style.io.color);
  const mine = rows.filter((row) => row.env === env);
  const well = mine.filter((row) => row.is === "well");
  const not = mine.filter((row) => row.is === "unknown");
  const lines = wrapped(
    well.map((row) => `${thing(row)}${row.what}`),
    style,
    linesForWell,
  );
  return [
    ...lines.map(
      (line, at) =>
        `${at === 0 ? green("✓") : " "} ${at === 0 ? where(env, style) : " ".repeat(style.width)} ${line}`,
    ),
    ...wrapped(
      not.map((row) => `${thing(row)}${row.what}`),
      style,
      1,
    ).map((line) => dim(`? ${where(env, style)} ${line}`)),
  ];
}

/** Whole pieces, as many as fit into so many lines; the last line says how many did not. */
function wrapped(pieces: readonly string[], { io, width }: Style, most: number): readonly string[] {
  const room = Math.max(narrowest, io.columns) - width - 4;
  const lines: string[] = [];
  let line = "";
  for (const [at, piece] of pieces.entries()) {
    const plain = harmless(piece);
    const left = pieces.length - at;
    const last = lines.length === most - 1;
    const reserve = last && left > 1 ? ` · and ${left} more`.length : 0;
    const joined = line === "" ? plain : `${line} · ${plain}`;
    if (joined.length <= room - reserve || line === "") {
      line = joined.slice(0, room);
      continue;
    }
    if (last) return [...lines, `${line} · and ${left} more`];
    lines.push(line);
    line = plain.slice(0, room);
  }
  return line === "" ? lines : [...lines, line];
}
