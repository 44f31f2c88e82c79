// A command as one line for a POSIX shell, and what comes back about its end. Pure; see decision 0011.
import type { Command } from "../ports/host.ts";

/**
 * What sshd hands to the login shell, always the same text: it reads one line and does what it says. The rest of
 * standard input is the program's. A shell reads a pipe byte by byte, so it takes nothing of that.
 */
export const remoteText = `lg_n=$(printf '\\nx'); lg_n=\${lg_n%x}; IFS= read -r lg_c && eval "$lg_c"`;

/** Daemons lie there, and a login over ssh often has no sbin in its PATH. */
const morePath = "/usr/local/sbin:/usr/sbin:/sbin";
const envName = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The word that makes our own lines on standard error different from all others. */
export type Mark = string;

/** How the far side says that the command ended; `lost` when it said nothing. */
export type RemoteEnd =
  | { readonly kind: "ended"; readonly exitCode: number; readonly stderr: string }
  | { readonly kind: "missing-folder" | "missing-program" }
  | { readonly kind: "lost"; readonly stderr: string };

/** Why this command can't be sent; null where it can. */
export function unsendable({ argv, cwd, env }: Pick<Command, "argv" | "cwd" | "env">): string | null {
  const texts = [...argv, cwd ?? "", ...Object.entries(env ?? {}).flat()];
  if (texts.some((text) => text.includes("\0"))) return "there is a NUL byte in it";
  if (argv[0] === "" || argv[0].startsWith("-")) return `"${argv[0]}" is no name of a program`;
  const bad = Object.keys(env ?? {}).find((name) => !envName.test(name));
  return bad === undefined ? null : `"${bad}" is no name of a variable`;
}

/** One line, without its line end. The program is run itself, never one that the shell has of the same name. */
export function remoteLine(command: Pick<Command, "argv" | "cwd" | "env" | "op">, mark: Mark): string {
  const { argv, cwd, env, op } = command;
  const all = { ...env, ...(op === null ? {} : { LASTGOOD_OP: op }) };
  const exports = Object.entries(all).map(([name, value]) => `export ${name}=${quote(value)}`);
  const fail = (why: string) => `{ printf '%s ${why}\\n' ${mark} >&2; exit 1; }`;
  return [
    `PATH="$PATH:${morePath}"`,
    ...exports,
    ...(cwd === undefined ? [] : [`cd -- ${quote(cwd)} 2>/dev/null || ${fail("missing-folder")}`]),
    `command -v ${quote(argv[0])} >/dev/null 2>&1 || ${fail("missing-program")}`,
    `(exec ${argv.map(quote).join(" ")})`,
    `printf '%s ended %s\\n' ${mark} "$?" >&2`,
  ].join("; ");
}

/** A word that a POSIX shell takes back to exactly this text. Line ends come from a variable: it is all one line. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`).replaceAll("\n", `'"$lg_n"'`)}'`;
}

/** Finds our line in what came over standard error, and takes it out. */
export function remoteEnd(stderr: string, mark: Mark): RemoteEnd {
  const found = new RegExp(`${mark} (?:(missing-folder|missing-program)|ended (\\d+))\\n`).exec(stderr);
  if (found === null) return { kind: "lost", stderr };
  if (found[1] !== undefined) return { kind: found[1] as "missing-folder" | "missing-program" };
  const rest = stderr.slice(0, found.index) + stderr.slice(found.index + found[0].length);
  return { kind: "ended", exitCode: Number(found[2]), stderr: rest };
}
