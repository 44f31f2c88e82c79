// What Linux says of a process under /proc.
import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";

export type ProcStat = {
  /** One letter: R, S, D, Z, … */
  readonly state: string;
  /** Process group. */
  readonly group: number;
  /** Clock ticks from boot to the process's start, as text. */
  readonly startTime: string;
};

/** Parse /proc/<pid>/stat. The name in brackets may hold anything, brackets too: fields begin after the last one. */
export function parseStat(text: string): ProcStat | null {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  // Counted from field 3, the state, as in proc(5): group is field 5, start time field 22.
  const [state, group, startTime] = [fields[0], fields[2], fields[19]];
  if (state === undefined || group === undefined || startTime === undefined) return null;
  return { state, group: Number(group), startTime };
}

/** Null when there is no such process. Zombies are given: the caller decides. */
export function readStat(proc: string, pid: number): ProcStat | null {
  try {
    return parseStat(readFileSync(`${proc}/${pid}/stat`, "latin1"));
  } catch {
    return null; // gone
  }
}

/** True where a process has ended, although its entry may wait for its parent. */
export function isGone(stat: ProcStat | null): boolean {
  return stat === null || stat.state === "Z" || stat.state === "X";
}

export async function listPids(proc: string): Promise<readonly number[]> {
  return (await readdir(proc)).filter((name) => /^[0-9]+$/.test(name)).map(Number);
}

/** `NAME=value` entries as one text with a NUL before and after each; null when gone or not ours to read. */
export async function readEnviron(proc: string, pid: number): Promise<string | null> {
  try {
    return `\0${await readFile(`${proc}/${pid}/environ`, "utf8")}\0`;
  } catch {
    return null;
  }
}
