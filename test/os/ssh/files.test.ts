// Files over commands do what files of this machine do: here through a Host of this machine, and over ssh.
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readdir, readFile, readlink, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { localFiles } from "../../../src/os/files.ts";
import { hostFiles } from "../../../src/os/host-files.ts";
import type { Files } from "../../../src/ports/files.ts";
import { describeWith } from "../../parts/needs.ts";
import { tempFolder } from "../temp-folder.ts";
import { sshBed } from "./bed.ts";

const timeout = 60_000;
const fine = { ok: true, value: undefined };

type Case = (files: Files, folder: string) => Promise<void>;

const cases: Readonly<Record<string, Case>> = {
  "replace makes missing folders, sets the mode and leaves nothing else beside the file": async (
    files,
    root,
  ) => {
    const path = join(root, "a", "b", "it's a $secret\n");
    expect(await files.replace(path, "one", 0o600)).toEqual(fine);
    expect(await files.replace(path, "two", 0o666)).toEqual(fine);
    expect(await readFile(path, "utf8")).toBe("two");
    expect((await stat(path)).mode & 0o777).toBe(0o666);
    expect((await stat(join(root, "a"))).mode & 0o777).toBe(0o700);
    expect((await stat(join(root, "a", "b"))).mode & 0o777).toBe(0o700);
    expect(await readdir(join(root, "a", "b"))).toEqual(["it's a $secret\n"]);
  },
  "every byte comes back, of small and large files and of their parts": async (files, root) => {
    const bytes = randomBytes(1_200_000);
    const path = join(root, "f");
    expect(await files.replace(path, bytes, 0o600)).toEqual(fine);
    expect(await readFile(path)).toEqual(bytes);
    expect(await files.read(path)).toEqual({ ok: true, value: bytes });
    const part = async (offset: number, length: number) => {
      const got = await files.read(path, { offset, length });
      return got.ok && got.value.equals(bytes.subarray(offset, offset + length));
    };
    expect(await part(0, 10)).toBe(true);
    expect(await part(999_999, 700_000)).toBe(true);
    expect(await part(1_200_000, 10)).toBe(true);
    expect(await part(5_000_000, 10)).toBe(true);
    expect(await part(7, 0)).toBe(true);
    await writeFile(path, "");
    expect(await files.read(path)).toEqual({ ok: true, value: Buffer.alloc(0) });
  },
  "a replace that fails leaves the former file and no temp file": async (files, root) => {
    await mkdir(join(root, "taken"));
    await writeFile(join(root, "taken", "x"), "");
    expect((await files.replace(join(root, "taken"), "content", 0o600)).ok).toBe(false);
    expect(await readdir(root)).toEqual(["taken"]);
  },
  "what is missing is said with its path, but stat, list and remove take it as an answer": async (
    files,
    root,
  ) => {
    const path = join(root, "nothing");
    expect(await files.read(path)).toMatchObject({ ok: false, error: { code: "missing", where: path } });
    expect(await files.copy(path, join(root, "to"))).toMatchObject({ ok: false, error: { code: "missing" } });
    expect(await files.stat(path)).toEqual({ ok: true, value: null });
    expect(await files.stat(join(path, "below"))).toEqual({ ok: true, value: null });
    expect(await files.list(path)).toEqual({ ok: true, value: [] });
    expect(await files.remove(path)).toEqual(fine);
    expect(await files.remove(join(path, "below"))).toEqual(fine);
  },
  "stat says the same as on the machine itself": async (files, root) => {
    await writeFile(join(root, "f"), "12345", { mode: 0o640 });
    await mkdir(join(root, "d"));
    await symlink("f", join(root, "l"));
    for (const name of ["f", "d", "l"]) {
      const [seen, own] = await Promise.all([files, localFiles()].map((each) => each.stat(join(root, name))));
      if (seen?.ok !== true || own?.ok !== true) throw new Error("stat failed");
      expect({ ...seen.value, freeBytes: 0 }).toEqual({ ...own.value, freeBytes: 0 });
      expect((seen.value?.freeBytes ?? 0) / (own.value?.freeBytes ?? 1)).toBeCloseTo(1, 1);
    }
  },
  "list gives all names, sorted, with whatever is in them": async (files, root) => {
    const names = ["b", "a", ".hidden", "with space", "line\nend", "-n", "ü"];
    for (const name of names) await writeFile(join(root, name), "");
    expect(await files.list(root)).toEqual({ ok: true, value: names.toSorted() });
    expect((await files.list(join(root, "a"))).ok).toBe(false);
  },
  "copy keeps contents, modes, empty folders and links that stay inside": async (files, root) => {
    const from = join(root, "from");
    const binary = randomBytes(100_000);
    await mkdir(join(from, "sub", "empty"), { recursive: true });
    await writeFile(join(from, "sub", "run"), binary);
    await chmod(join(from, "sub", "run"), 0o4751);
    await symlink("sub/run", join(from, "link"));
    await symlink("sub/nowhere", join(from, "dangling"));
    await chmod(join(from, "sub"), 0o555);
    const to = join(root, "deep", "to");
    expect(await files.copy(from, to)).toEqual(fine);
    expect((await readdir(to)).sort()).toEqual(["dangling", "link", "sub"]);
    expect(await readFile(join(to, "sub", "run"))).toEqual(binary);
    expect((await stat(join(to, "sub", "run"))).mode & 0o7777).toBe(0o751);
    expect((await stat(join(to, "sub"))).mode & 0o777).toBe(0o555);
    expect((await stat(join(to, "sub", "empty"))).isDirectory()).toBe(true);
    expect(await readlink(join(to, "link"))).toBe("sub/run");
    expect(await readdir(join(root, "deep"))).toEqual(["to"]);
    expect((await files.copy(from, to)).ok).toBe(false);
    expect(await files.remove(to)).toEqual(fine);
    expect(await files.stat(to)).toEqual({ ok: true, value: null });
  },
  "copy takes a single file too": async (files, root) => {
    await writeFile(join(root, "f"), "x", { mode: 0o640 });
    expect(await files.copy(join(root, "f"), join(root, "g"))).toEqual(fine);
    expect(await readFile(join(root, "g"), "utf8")).toBe("x");
    expect((await stat(join(root, "g"))).mode & 0o777).toBe(0o640);
  },
  "copy refuses links that lead out, by text or by another link, and leaves nothing": async (files, root) => {
    await writeFile(join(root, "outside"), "secret");
    const targets = { absolute: "/etc/hostname", climbs: "../outside", nowhere: "../missing" };
    for (const [name, target] of Object.entries(targets)) {
      const from = join(root, name);
      await mkdir(from);
      await symlink(target, join(from, "link"));
      expect(await files.copy(from, join(root, "to"))).toMatchObject({
        ok: false,
        error: { code: "failed" },
      });
    }
    const chained = join(root, "chained");
    await mkdir(join(chained, "a", "b"), { recursive: true });
    await symlink("a/b", join(chained, "down"));
    await symlink("down/../../../outside", join(chained, "sly"));
    expect(await files.copy(chained, join(root, "to"))).toMatchObject({
      ok: false,
      error: { code: "failed" },
    });
    expect((await readdir(root)).sort()).toEqual(["absolute", "chained", "climbs", "nowhere", "outside"]);
  },
  "copy refuses what is no plain file": async (files, root) => {
    await mkdir(join(root, "from"));
    const server = createServer().listen(join(root, "from", "socket"));
    onTestFinished(() => void server.close());
    expect(await files.copy(join(root, "from"), join(root, "to"))).toMatchObject({ ok: false });
    expect(await readdir(root)).toEqual(["from"]);
  },
  "a path that begins with a dash is a path": async (files, root) => {
    expect(await files.replace(join(root, "-rf"), "x", 0o600)).toEqual(fine);
    expect(await files.remove(join(root, "-rf"))).toEqual(fine);
    expect(await readdir(root)).toEqual([]);
  },
};

const all = Object.entries(cases).map(([name, run]) => ({ name, run }));

test.each(all)("files of this machine: $name", { timeout }, async ({ run }) => {
  expect(await run(localFiles(), await tempFolder())).toBeUndefined();
});

test.each(all)("through commands: $name", { timeout }, async ({ run }) => {
  const host = localHost({ PATH: process.env["PATH"] ?? "" }, systemClock());
  expect(await run(hostFiles(host), await tempFolder())).toBeUndefined();
});

(await describeWith("sshd"))("over ssh", () => {
  test.each(all)("$name", { timeout }, async ({ run }) => {
    const { host } = await sshBed();
    expect(await run(hostFiles(host), await tempFolder())).toBeUndefined();
  });

  test("a host that is gone is unreachable, not an empty folder", { timeout }, async () => {
    const { host, sshd } = await sshBed();
    await sshd.stop();
    const files = hostFiles(host);
    expect(await files.list(sshd.folder)).toMatchObject({ ok: false, error: { code: "unreachable" } });
    expect(await files.stat(sshd.folder)).toMatchObject({ ok: false, error: { code: "unreachable" } });
    expect(await files.remove(join(sshd.folder, "x"))).toMatchObject({
      ok: false,
      error: { code: "unreachable" },
    });
  });
});
