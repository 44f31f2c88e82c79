// Do the pages name files that are there?
import { posix } from "node:path";
import type { Breach } from "./parse.ts";

const links = /\]\(([^)#\s]+)(?:#[^)]*)?\)/g;
/** A file in backticks: `core/plan/plans.ts`, `recover.ts`. */
const mentions = /`([\w./-]+\.(?:ts|mts|mjs|md|json|yml))`/g;

/** Links that lead nowhere, and files in backticks that no tracked file ends with. */
export function checkPage(file: string, text: string, tracked: readonly string[]): readonly Breach[] {
  const dead = [...text.matchAll(links)].filter(([, to = ""]) => !leads(file, to, tracked));
  const gone = [...text.matchAll(mentions)].filter(([, name = ""]) => !isThere(name, tracked));
  return [...dead, ...gone].map((match) => {
    return { file, line: text.slice(0, match.index).split("\n").length, what: `${match[1]} is not there` };
  });
}

function leads(file: string, to: string, tracked: readonly string[]): boolean {
  if (/^[a-z]+:/.test(to)) return true;
  const path = posix.join(posix.dirname(file), to).replace(/\/$/, "");
  return tracked.some((one) => one === path || one.startsWith(`${path}/`));
}

function isThere(name: string, tracked: readonly string[]): boolean {
  return tracked.some((one) => one === name || one.endsWith(`/${name}`));
}
