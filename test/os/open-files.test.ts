import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { fileSwap, openedBy, openFiles } from "../../src/os/open-files.ts";
import { tempFolder } from "./temp-folder.ts";

test("a process that has the file open is named, also under another name and after a rename", async () => {
  const folder = await tempFolder();
  const file = join(folder, "a.db");
  writeFileSync(file, "x");
  expect(await openedBy(file)).toEqual([]);
  const [first, second] = [await holding(file), await holding(file)];
  const both = [first, second].map((one) => one.pid).sort((a, b) => a - b);
  expect(await openedBy(file)).toEqual(both);
  linkSync(file, join(folder, "second name"));
  symlinkSync(file, join(folder, "link"));
  expect(await openedBy(join(folder, "link"))).toEqual(both);
  writeFileSync(join(folder, "new"), "y");
  renameSync(join(folder, "new"), file);
  expect(await openedBy(file)).toEqual([]);
  expect(await openedBy(join(folder, "second name"))).toEqual(both);
  await first.end();
  expect(await openedBy(join(folder, "second name"))).toEqual([second.pid]);
});

test("this process itself, a file that is missing, and processes that hide are not named", async () => {
  const folder = await tempFolder();
  const file = join(folder, "a.db");
  writeFileSync(file, "x");
  const mine = await open(file);
  expect(await openedBy(file)).toEqual([]);
  await mine.close();
  expect(await openedBy(join(folder, "missing"))).toEqual([]);
  mkdirSync(join(folder, "proc", "77", "fd"), { recursive: true });
  mkdirSync(join(folder, "proc", "78"));
  symlinkSync(file, join(folder, "proc", "77", "fd", "3"));
  symlinkSync(join(folder, "gone"), join(folder, "proc", "77", "fd", "4"));
  expect(await openFiles(join(folder, "proc"))(file)).toEqual([77]);
});

test("a link is a second name for the same file, and a name that is taken is an error", async () => {
  const folder = await tempFolder();
  const [from, to] = [join(folder, "a"), join(folder, "b")];
  writeFileSync(from, "x");
  expect(await fileSwap().link(from, to)).toEqual({ ok: true, value: true });
  expect(statSync(to).ino).toBe(statSync(from).ino);
  expect(await fileSwap().link(from, to)).toMatchObject({ ok: false, error: { code: "failed" } });
  expect(await fileSwap().link(join(folder, "missing"), join(folder, "c"))).toMatchObject({
    error: { code: "missing" },
  });
});

test("where a link is not allowed, that is an answer and not an error", async () => {
  const folder = await tempFolder();
  mkdirSync(join(folder, "a")); // nowhere may a folder have two names
  expect(await fileSwap().link(join(folder, "a"), join(folder, "b"))).toEqual({ ok: true, value: false });
});

test("a rename replaces what has the name", async () => {
  const folder = await tempFolder();
  const [from, to] = [join(folder, "a"), join(folder, "b")];
  writeFileSync(from, "new");
  writeFileSync(to, "old");
  expect((await fileSwap().rename(from, to)).ok).toBe(true);
  expect(readFileSync(to, "utf8")).toBe("new");
  expect(await fileSwap().rename(from, to)).toMatchObject({ error: { code: "missing" } });
});

test("owner and mode are given and read back, and a path is followed to where it leads", async () => {
  const folder = await tempFolder();
  const file = join(folder, "a");
  writeFileSync(file, "x");
  chmodSync(file, 0o600);
  const root = process.getuid?.() === 0;
  const owner = { uid: root ? 1234 : statSync(file).uid, gid: root ? 2345 : statSync(file).gid, mode: 0o640 };
  expect((await fileSwap().give(file, owner)).ok).toBe(true);
  expect(await fileSwap().owner(file)).toEqual({ ok: true, value: { owner, ours: true } });
  const mine = root || statSync("/").uid === process.geteuid?.();
  expect(await fileSwap().owner("/")).toMatchObject({ value: { ours: mine } });
  expect(await fileSwap().owner(join(folder, "missing"))).toEqual({ ok: true, value: null });
  expect(await fileSwap().give(join(folder, "missing"), owner)).toMatchObject({ error: { code: "missing" } });
  symlinkSync(file, join(folder, "link"));
  expect(await fileSwap().real(join(folder, "link"))).toMatchObject({ value: expect.stringMatching(/\/a$/) });
  expect(await fileSwap().real(join(folder, "missing"))).toMatchObject({ value: join(folder, "missing") });
  expect((await fileSwap().sync(folder)).ok).toBe(true);
});

/** A process that has the file open and does nothing. */
async function holding(file: string): Promise<{ pid: number; end(): Promise<unknown> }> {
  const code = `require("fs").openSync(process.argv[1], "r"); console.log("open"); setInterval(() => {}, 1e6)`;
  const child = spawn(process.execPath, ["-e", code, file], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const end = () => {
    child.kill("SIGKILL");
    return exited;
  };
  onTestFinished(async () => void (await end()));
  await once(child.stdout, "data");
  return { pid: child.pid ?? 0, end };
}
