// Copies a file or a folder on a host, fsynced, keeping modes and refusing links that lead out of it.
import { dirname, isAbsolute, relative, resolve } from "node:path";
import { ok, problem, type Result } from "../core/result.ts";
import type { Host } from "../ports/host.ts";
import { fileProblemOf, inOrder, small } from "./host-command.ts";

const COPY_MS = 10 * 60_000;

/** `temp` is a fresh path; the caller removes what is half done. */
export async function copyOnHost(host: Host, from: string, temp: string): Promise<Result<void>> {
  const doing = `copy ${from}`;
  const found = await small(host, { argv: ["realpath", "-e", "--", from], effect: "read" });
  if (!found.ok) return found;
  if (found.value.exitCode !== 0) return fileProblemOf(host, found.value, doing, from);
  const root = found.value.stdout.replace(/\n$/, "");
  const fits = await staysInside(host, root);
  if (!fits.ok) return fits;
  const copy = ["cp", "-R", "-P", "--preserve=mode", "--reflink=auto", "-T", "--", root, temp] as const;
  // Set-id bits stay behind on purpose: no release needs them, and the login may be root's.
  const strip = [
    "find",
    temp,
    "-perm",
    "/7000",
    "!",
    "-type",
    "l",
    "-exec",
    "chmod",
    "ug-s,-t",
    "--",
    "{}",
    "+",
  ];
  return await inOrder(host, doing, from, [
    { argv: copy, effect: "write", timeoutMs: COPY_MS },
    { argv: strip as [string, ...string[]], effect: "write" },
    { argv: ["sync", "-f", "--", temp], effect: "write", timeoutMs: COPY_MS },
  ]);
}

/** Only plain files, folders and links, and no link leads out: the copy would use what is not in it. */
async function staysInside(host: Host, root: string): Promise<Result<void>> {
  const look = ["find", root, "!", "-type", "f", "!", "-type", "d", "-printf", "%y\\0%p\\0%l\\0"] as const;
  const ran = await small(host, { argv: look, effect: "read" });
  if (!ran.ok) return ran;
  if (ran.value.exitCode !== 0) return fileProblemOf(host, ran.value, `copy ${root}`, root);
  if (ran.value.truncated) return unfit(root, "has too many links");
  const fields = ran.value.stdout.split("\0").slice(0, -1);
  const links: string[] = [];
  for (let at = 0; at < fields.length; at += 3) {
    const [type, path = "", target = ""] = fields.slice(at, at + 3);
    if (type !== "l") return unfit(path, "is neither a file, a folder nor a link");
    const leads = isAbsolute(target) || !isInside(root, resolve(dirname(path), target));
    if (leads) return unfit(path, "is a link that leads out of the folder");
    links.push(path);
  }
  return links.length === 0 ? ok(undefined) : await reallyInside(host, root, links);
}

/** By where they really end, because links can chain. */
async function reallyInside(host: Host, root: string, links: readonly string[]): Promise<Result<void>> {
  const argv = ["find", root, "-type", "l", "-exec", "realpath", "-m", "-z", "--", "{}", "+"] as const;
  const ran = await small(host, { argv, effect: "read" });
  if (!ran.ok) return ran;
  if (ran.value.exitCode !== 0) return fileProblemOf(host, ran.value, `copy ${root}`, root);
  const ends = ran.value.stdout.split("\0").slice(0, -1);
  const out = ends.find((end) => !isInside(root, end));
  if (out !== undefined || ends.length !== links.length)
    return unfit(out ?? root, "is where a link leads, out of the folder");
  return ok(undefined);
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way !== ".." && !way.startsWith("../") && !isAbsolute(way);
}

function unfit(path: string, why: string): Result<never> {
  const next = "take it out of what is to be copied, or put a plain file there";
  return problem("failed", `${path} ${why}`, next, path);
}
