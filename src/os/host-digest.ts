// Digest of a folder on a host that runs commands: the same digest as on this machine, by find, sha256sum and readlink.
import { createHash } from "node:crypto";
import { ok, problem, type Result } from "../core/result.ts";
import type { DigestTree, Tree, TreeEntry } from "../ports/digest.ts";
import type { Host } from "../ports/host.ts";
import { treeOf } from "./digest.ts";
import { fileProblemOf, small } from "./host-command.ts";

const BIG_MS = 10 * 60_000;

/** What is known from before is of no use here: hashing costs the far machine, not the way there. */
export function hostDigestTree(host: Host): DigestTree {
  return async (root) => {
    // `/.`: of a link, what it leads to; paths are printed relative to that.
    const listed = await lines(host, root, ["-printf", "%y %m %s %P\\0%l\\0"]);
    if (!listed.ok) return listed;
    const sums = await lines(host, root, ["-type", "f", "-exec", "sha256sum", "--zero", "--", "{}", "+"]);
    if (!sums.ok) return sums;
    return tree(root, listed.value, sums.value);
  };
}

/** Parts of the output, which are parted by NUL: names may hold anything else. */
async function lines(host: Host, root: string, what: readonly string[]): Promise<Result<readonly string[]>> {
  const argv = ["find", `${root}/.`, "-mindepth", "1", ...what] as const;
  const ended = await small(host, {
    argv: [...argv] as [string, ...string[]],
    effect: "read",
    timeoutMs: BIG_MS,
  });
  if (!ended.ok) return ended;
  const { exitCode, stdout, truncated } = ended.value;
  if (exitCode !== 0) return fileProblemOf(host, ended.value, `read ${root}`, root);
  if (truncated)
    return problem(
      "failed",
      `${root} has too many files to list`,
      "Leave out what the app does not need.",
      root,
    );
  return ok(stdout.split("\0").slice(0, -1));
}

function tree(root: string, listed: readonly string[], sums: readonly string[]): Result<Tree> {
  const prefix = `${root}/./`;
  const hashes = new Map(sums.map((line) => [line.slice(66).replace(prefix, ""), line.slice(0, 64)]));
  const entries: TreeEntry[] = [];
  let bytes = 0;
  for (let at = 0; at < listed.length; at += 2) {
    const [, kind = "", mode = "", size = "", path = ""] =
      /^(\S) (\S+) (\S+) (.*)$/s.exec(listed[at] ?? "") ?? [];
    const link = listed[at + 1] ?? "";
    if (kind === "d") entries.push({ path, type: "directory", mode: bits(mode), sha256: "", identity: "" });
    else if (kind === "l") entries.push({ path, type: "link", mode: 0, sha256: sha256(link), identity: "" });
    else if (kind === "f") {
      entries.push({ path, type: "file", mode: bits(mode), sha256: hashes.get(path) ?? "", identity: "" });
      bytes += Number(size);
    } else
      return problem(
        "failed",
        `${root}/${path} is neither a file, a folder nor a link`,
        "take it out of the folder",
      );
  }
  return ok(treeOf(entries, bytes));
}

function bits(octal: string): number {
  return Number.parseInt(octal, 8) & 0o777;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
