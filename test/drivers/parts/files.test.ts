// Parts whose output is in files: the newest lines, going on, a file that was exchanged, secrets taken out.
import { appendFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import { type FilePart, fileParts } from "../../../src/drivers/parts/files.ts";
import { localFiles } from "../../../src/os/files.ts";
import { tempFolder } from "../../os/temp-folder.ts";

async function bed() {
  const path = join(await tempFolder(), "web.log");
  const part: FilePart = {
    part: { name: "web", kind: "app", by: "process", what: "web-1", running: true },
    files: async () =>
      ok([{ path, from: "web-1", redact: (text) => text.replaceAll("hunter2", "[secret]") }]),
    restart: null,
  };
  const parts = fileParts(async () => ok([part]), { files: localFiles() });
  const page = async (lines: number, after: string | null = null) => {
    const read = await parts.logs("web", { lines, sinceMs: null, after });
    if (!read.ok) throw new Error(read.error.what);
    return { texts: read.value.lines.map((line) => line.text), next: read.value.next };
  };
  return { path, parts, page };
}

test("the newest lines are given, oldest first, with secrets and terminal codes taken out", async () => {
  const { path, page } = await bed();
  await writeFile(path, "one\ntwo hunter2\nthree \u001b[31mred\u001b[0m\u202e\n");
  expect((await page(2)).texts).toEqual(["two [secret]", "three red\ufffd"]);
});

test("a half-written line is left for the next look: half a secret would not be recognised", async () => {
  const { path, page } = await bed();
  await writeFile(path, "whole\npassword hunt");
  const first = await page(10);
  expect(first.texts).toEqual(["whole"]);
  await appendFile(path, "er2\nmore\n");
  expect((await page(10, first.next)).texts).toEqual(["password [secret]", "more"]);
});

test("of a long file only the end is read, and its first line is a whole one", async () => {
  const { path, page } = await bed();
  await writeFile(path, Array.from({ length: 20_000 }, (_, i) => `line ${i} ${"x".repeat(30)}\n`).join(""));
  const { texts } = await page(50);
  expect(texts).toHaveLength(50);
  expect(texts[0]).toMatch(/^line \d+ x+$/);
  expect(texts.at(-1)).toMatch(/^line 19999 /);
});

test("a file that was exchanged is read from its beginning, one that is not there is empty", async () => {
  const { path, page } = await bed();
  expect((await page(5)).texts).toEqual([]);
  await writeFile(path, "old\n");
  const first = await page(5);
  await rename(path, `${path}.1`);
  await writeFile(path, "a new file, longer than the old one\n");
  expect((await page(5, first.next)).texts).toEqual(["a new file, longer than the old one"]);
});

test("what cannot be restarted from here says so", async () => {
  const { parts } = await bed();
  const op = { id: "op", epoch: 1, signal: new AbortController().signal };
  expect(await parts.restart(op, "web")).toMatchObject({ ok: false, error: { code: "refused" } });
});
