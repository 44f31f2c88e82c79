import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secret } from "../../src/core/secret.ts";
import { seal } from "../../src/os/seal.ts";
import { tempFolder } from "./temp-folder.ts";

const key = secret("0123456789abcdef0123456789abcdef");

test.each([0, 1, 200_000])("a file of %i bytes comes back as it was", async (bytes) => {
  const folder = await tempFolder();
  const [plain, sealed, back] = ["plain", "sealed", "back"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(plain, Buffer.alloc(bytes, "row "));
  expect(await seal.seal(plain, sealed, key)).toEqual({ ok: true, value: undefined });
  if (bytes > 3) expect((await readFile(sealed)).includes("row row")).toBe(false);
  expect(await seal.open(sealed, back, key)).toEqual({ ok: true, value: undefined });
  expect((await readFile(back)).equals(await readFile(plain))).toBe(true);
});

test("another key, a flipped bit anywhere, a cut, or a file that was never sealed: damaged, and nothing is left", async () => {
  const folder = await tempFolder();
  const [plain, sealed, back] = ["plain", "sealed", "back"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  await writeFile(plain, "a row of the shop");
  await seal.seal(plain, sealed, key);
  expect(await seal.open(sealed, back, secret("another key of thirty-two letters"))).toMatchObject({
    error: { code: "damaged" },
  });
  const whole = await readFile(sealed);
  for (let at = 0; at < whole.length; at++) {
    const flipped = Buffer.from(whole);
    flipped[at] = (flipped[at] ?? 0) ^ 4;
    await writeFile(sealed, flipped);
    expect([at, await seal.open(sealed, back, key)]).toMatchObject([at, { error: { code: "damaged" } }]);
  }
  await writeFile(sealed, whole.subarray(0, -1));
  expect(await seal.open(sealed, back, key)).toMatchObject({ error: { code: "damaged" } });
  expect(await seal.open(plain, back, key)).toMatchObject({ error: { code: "damaged" } });
  await expect(readFile(back)).rejects.toThrow("ENOENT");
});

test("what cannot be read is missing", async () => {
  const folder = await tempFolder();
  expect(await seal.seal(join(folder, "none"), join(folder, "out"), key)).toMatchObject({
    error: { code: "missing" },
  });
});
