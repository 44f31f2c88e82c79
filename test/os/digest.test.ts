import { createHash } from "node:crypto";
import { chmod, mkdir, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { digestFile, digestTree, fileIdentity } from "../../src/os/digest.ts";
import { localFiles } from "../../src/os/files.ts";
import type { Tree } from "../../src/ports/digest.ts";
import { tempFolder } from "./temp-folder.ts";

async function sample(): Promise<string> {
  const root = join(await tempFolder(), "tree");
  await mkdir(join(root, "sub"), { recursive: true });
  await writeFile(join(root, "a"), "alpha");
  await writeFile(join(root, "sub", "b"), "beta");
  await symlink("a", join(root, "link"));
  return root;
}

async function digest(root: string, known?: Parameters<typeof digestTree>[1]): Promise<Tree> {
  const tree = await digestTree(root, known);
  if (!tree.ok) throw new Error(tree.error.what);
  return tree.value;
}

test("the digest of a file is its sha256", async () => {
  const path = join(await tempFolder(), "f");
  await writeFile(path, "x".repeat(200_000));
  const expected = createHash("sha256").update("x".repeat(200_000)).digest("hex");
  expect(await digestFile(path)).toEqual({ ok: true, value: expected });
  expect(await digestFile(`${path}2`)).toMatchObject({ ok: false, error: { code: "missing" } });
});

test("a copy has the digest of its original, wherever it stands", async () => {
  const root = await sample();
  await localFiles().copy(root, `${root}-copy`);
  const [one, two] = [await digest(root), await digest(`${root}-copy`)];
  expect(two.digest).toBe(one.digest);
  expect(one.bytes).toBe("alpha".length + "beta".length);
  expect(one.entries.map(({ path, type }) => `${type} ${path}`)).toEqual([
    "file a",
    "link link",
    "directory sub",
    "file sub/b",
  ]);
});

const changes: readonly [string, (root: string) => Promise<unknown>][] = [
  ["another content", (root) => writeFile(join(root, "sub", "b"), "BETA")],
  ["another mode of a file", (root) => chmod(join(root, "a"), 0o755)],
  ["another mode of a folder", (root) => chmod(join(root, "sub"), 0o700)],
  ["another name", (root) => rename(join(root, "a"), join(root, "A"))],
  ["one more file", (root) => writeFile(join(root, "sub", "c"), "")],
  ["one more empty folder", (root) => mkdir(join(root, "empty"))],
  ["another place", (root) => rename(join(root, "sub", "b"), join(root, "b"))],
  [
    "another link",
    async (root) => (await localFiles().remove(join(root, "link"))) && symlink("sub", join(root, "link")),
  ],
];

test.each(changes)("%s gives another digest", async (_, change) => {
  const root = await sample();
  await chmod(join(root, "a"), 0o644);
  await chmod(join(root, "sub"), 0o755);
  const before = await digest(root);
  await change(root);
  expect((await digest(root)).digest).not.toBe(before.digest);
});

test("names cannot be built so that two trees look alike", async () => {
  const root = await tempFolder();
  await mkdir(join(root, "1"));
  await mkdir(join(root, "2"));
  await writeFile(join(root, "1", 'a"\nfile 644 x "b'), "");
  await writeFile(join(root, "2", "a"), "");
  await writeFile(join(root, "2", "b"), "");
  expect((await digest(join(root, "1"))).digest).not.toBe((await digest(join(root, "2"))).digest);
});

test("known files are not read again, and a changed one is, even when its old time is put back", async () => {
  const root = await sample();
  await utimes(join(root, "a"), 1_000, 1_000);
  await pause(150); // until then a change could hide in the same tick of the file's time
  const first = await digest(root);
  const known = new Map(first.entries.map(({ path, identity, sha256 }) => [path, { identity, sha256 }]));
  expect(known.get("a")?.identity).not.toBe("");

  const remembered = new Map(
    [...known].map(([path, { identity }]) => [path, { identity, sha256: "remembered" }]),
  );
  const second = await digest(root, remembered);
  expect(second.entries.filter(({ type }) => type === "file").map(({ sha256 }) => sha256)).toEqual([
    "remembered",
    "remembered",
  ]);

  await writeFile(join(root, "a"), "ALPHA");
  await utimes(join(root, "a"), 1_000, 1_000);
  await pause(150);
  expect((await digest(root, known)).digest).not.toBe(first.digest);
});

test("a file that changed a moment ago has no identity yet", () => {
  const stat = { dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n, ctimeNs: 5_000_000_000n, ctimeMs: 5_000n };
  expect(fileIdentity(stat, 5_099n)).toBe("");
  expect(fileIdentity(stat, 4_000n)).toBe(""); // a time in the future proves nothing either
  expect(fileIdentity(stat, 5_101n)).toBe("1:2:3:4:5000000000");
});

test("a missing folder is missing", async () => {
  expect(await digestTree(join(await tempFolder(), "no"))).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
});
