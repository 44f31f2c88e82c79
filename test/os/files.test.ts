import { randomBytes } from "node:crypto";
import {
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileProblem } from "../../src/os/file-problem.ts";
import { localFiles } from "../../src/os/files.ts";
import { tempFolder } from "./temp-folder.ts";

const files = localFiles();

test("replace makes missing folders, sets the mode and leaves nothing else beside the file", async () => {
  const folder = join(await tempFolder(), "a", "b");
  const path = join(folder, "secret");
  expect(await files.replace(path, "one", 0o600)).toEqual({ ok: true, value: undefined });
  expect(await files.replace(path, "two", 0o666)).toEqual({ ok: true, value: undefined });
  expect(await readFile(path, "utf8")).toBe("two");
  expect((await stat(path)).mode & 0o777).toBe(0o666);
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect(await readdir(folder)).toEqual(["secret"]);
});

test("readers of a file that is being replaced see one whole content or the other", async () => {
  const path = join(await tempFolder(), "f");
  const contents = ["a".repeat(300_000), "b".repeat(300_000)];
  await files.replace(path, contents[0] ?? "", 0o600);
  let writing = true;
  const writer = (async () => {
    for (let i = 0; i < 10; i++) await files.replace(path, contents[i % 2] ?? "", 0o600);
    writing = false;
  })();
  let reads = 0;
  while (writing) {
    const seen = await files.read(path);
    expect(seen.ok && contents.includes(seen.value.toString())).toBe(true);
    reads++;
  }
  await writer;
  expect(reads).toBeGreaterThan(0);
});

test("a replace that fails leaves the former file and no temp file", async () => {
  const folder = await tempFolder();
  await mkdir(join(folder, "taken"));
  await writeFile(join(folder, "taken", "x"), "");
  const result = await files.replace(join(folder, "taken"), "content", 0o600);
  expect(result.ok).toBe(false);
  expect(await readdir(folder)).toEqual(["taken"]);
});

test("read gives the range that is there and never more", async () => {
  const path = join(await tempFolder(), "f");
  await writeFile(path, "0123456789");
  const text = async (offset: number, length: number) => {
    const got = await files.read(path, { offset, length });
    return got.ok ? got.value.toString() : got.error.code;
  };
  expect(await text(2, 3)).toBe("234");
  expect(await text(8, 100)).toBe("89");
  expect(await text(50, 10)).toBe("");
});

test("what is missing is said with its path, but stat, list and remove take it as an answer", async () => {
  const path = join(await tempFolder(), "nothing");
  const read = await files.read(path);
  expect(read).toMatchObject({ ok: false, error: { code: "missing", where: path } });
  expect(await files.stat(path)).toEqual({ ok: true, value: null });
  expect(await files.list(path)).toEqual({ ok: true, value: [] });
  expect(await files.remove(path)).toEqual({ ok: true, value: undefined });
});

test("stat tells a replaced file from a grown one, and how much is free", async () => {
  const path = join(await tempFolder(), "log");
  const look = async () => {
    const seen = await files.stat(path);
    if (!seen.ok || seen.value === null) throw new Error("nothing there");
    return seen.value;
  };
  await writeFile(path, "1");
  const first = await look();
  await writeFile(path, "12");
  expect(await look()).toMatchObject({ type: "file", size: 2, identity: first.identity });
  // The old inode is kept in use, as an open log would be, so that its number is not given out again.
  const handle = await open(path);
  await files.replace(path, "123", 0o600);
  expect((await look()).identity).not.toBe(first.identity);
  await handle.close();
  expect(first.freeBytes).toBeGreaterThan(0);
});

test("copy of a folder keeps contents, modes, empty folders and links that stay inside", async () => {
  const root = await tempFolder();
  const from = join(root, "from");
  const binary = randomBytes(100_000);
  await mkdir(join(from, "sub", "empty"), { recursive: true });
  await writeFile(join(from, "sub", "run"), binary);
  await chmod(join(from, "sub", "run"), 0o751);
  await writeFile(join(from, ".hidden"), "h");
  await symlink("sub/run", join(from, "link"));
  await chmod(join(from, "sub"), 0o555);
  const to = join(root, "deep", "to");
  expect(await files.copy(from, to)).toEqual({ ok: true, value: undefined });
  expect((await readdir(to)).sort()).toEqual([".hidden", "link", "sub"]);
  expect(await readFile(join(to, "sub", "run"))).toEqual(binary);
  expect((await stat(join(to, "sub", "run"))).mode & 0o777).toBe(0o751);
  expect((await stat(join(to, "sub"))).mode & 0o777).toBe(0o555);
  expect((await stat(join(to, "sub", "empty"))).isDirectory()).toBe(true);
  expect(await readlink(join(to, "link"))).toBe("sub/run");
  expect(await readdir(join(root, "deep"))).toEqual(["to"]);
  expect(await files.remove(to)).toEqual({ ok: true, value: undefined });
  expect(await files.stat(to)).toEqual({ ok: true, value: null });
});

test.each([
  ["an absolute link", "/etc/hostname"],
  ["a link that climbs out", "../outside"],
  ["a dangling link that climbs out", "../nowhere"],
])("copy refuses %s and leaves nothing behind", async (_, target) => {
  const root = await tempFolder();
  await mkdir(join(root, "from"));
  await writeFile(join(root, "outside"), "secret");
  await symlink(target, join(root, "from", "link"));
  const result = await files.copy(join(root, "from"), join(root, "to"));
  expect(result).toMatchObject({ ok: false, error: { code: "failed", where: join(root, "from", "link") } });
  expect((await readdir(root)).sort()).toEqual(["from", "outside"]);
});

test("copy refuses an absolute link even to a file of its own: the copy would use the original", async () => {
  const from = join(await tempFolder(), "from");
  await mkdir(from);
  await writeFile(join(from, "file"), "x");
  await symlink(join(from, "file"), join(from, "link"));
  expect(await files.copy(from, `${from}-copy`)).toMatchObject({
    ok: false,
    error: { where: join(from, "link") },
  });
});

test("copy refuses a link that leaves through another link", async () => {
  const root = await tempFolder();
  const from = join(root, "from");
  await mkdir(join(from, "x", "y"), { recursive: true });
  await mkdir(join(from, "a"));
  await symlink("../../a", join(from, "x", "y", "d")); // a folder nearer to the root than its link
  await symlink("x/y/d/../..", join(from, "e")); // by its text from/x, really outside
  expect(await files.copy(from, join(root, "to"))).toMatchObject({
    ok: false,
    error: { where: join(from, "e") },
  });
});

test("copy refuses a socket, a taken path and a path inside what is copied", async () => {
  const root = await tempFolder();
  const from = join(root, "from");
  await mkdir(from);
  const to = join(root, "to");
  expect(await files.copy(from, join(from, "inner", "to"))).toMatchObject({ ok: false });
  await files.remove(join(from, "inner"));
  await mkdir(to);
  expect(await files.copy(from, to)).toMatchObject({ ok: false, error: { where: to } });
  await files.remove(to);
  const server = createServer().listen(join(from, "socket"));
  onTestFinished(() => {
    server.close();
  });
  await new Promise((resolve) => server.once("listening", resolve));
  expect(await files.copy(from, to)).toMatchObject({ ok: false, error: { where: join(from, "socket") } });
  expect(await readdir(root)).toEqual(["from"]);
});

test("copy of one file keeps its mode, and copying nothing is missing", async () => {
  const root = await tempFolder();
  await writeFile(join(root, "f"), "x");
  await chmod(join(root, "f"), 0o640);
  expect((await files.copy(join(root, "f"), join(root, "g"))).ok).toBe(true);
  expect((await lstat(join(root, "g"))).mode & 0o777).toBe(0o640);
  expect(await files.copy(join(root, "no"), join(root, "h"))).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
});

test("a write where nobody may write says so in words", async () => {
  expect(await files.replace("/sys/lastgood-test/f", "x", 0o600)).toMatchObject({
    ok: false,
    error: { code: "read-only" },
  });
});

test("a full disk is told as no-space, with the path", async () => {
  const handle = await open("/dev/full", "w");
  const error: unknown = await handle.writeFile("x").catch((thrown: unknown) => thrown);
  await handle.close();
  expect(fileProblem(error, "write", "/data/f")).toMatchObject({
    ok: false,
    error: { code: "no-space", where: "/data/f", next: expect.stringContaining("/data/f") },
  });
});

test.each([
  ["EROFS", "read-only"],
  ["EACCES", "read-only"],
  ["ENOTDIR", "missing"],
  ["EDQUOT", "no-space"],
  ["EIO", "failed"],
])("%s is told as %s", (code, expected) => {
  const error = Object.assign(new Error(code), { code });
  expect(fileProblem(error, "write", "/f")).toMatchObject({ error: { code: expected } });
});

test("an error that is not the system's is a bug and is thrown on", () => {
  expect(() => fileProblem(new TypeError("bug"), "write", "/f")).toThrow("bug");
});
