// An object store that loses answers, changes bytes, lags and says no: nothing half-done counts, and people are told.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { secret } from "../../../../src/core/secret.ts";
import type { SecondPlace } from "../../../../src/ports/second-place.ts";
import { afterTest } from "../../../parts/bed.ts";
import { lastTwo, placeOn } from "../second-place-bed.ts";
import { folderFor, largeBytes, makeBackup, value } from "./backups.ts";
import { configFor, secretText, shelfIn } from "./config.ts";
import { storeBed } from "./shelves.ts";
import type { Asked, Lie, Store, StoreWish } from "./store.ts";

const isWrite = ({ method }: Asked) => method !== "GET" && method !== "HEAD";
const isFile = ({ method, key }: Asked) => method === "GET" && key.endsWith("toc.dat");

async function bed(wish: StoreWish = {}): Promise<{ store: Store; place: SecondPlace; folder: string }> {
  const { store, shelf } = await storeBed(afterTest, wish);
  const folder = await folderFor("empty");
  return { store, folder, place: placeOn(shelf, folder) };
}

/** Only the first `times` of those that fit. */
function times(most: number, fits: (asked: Asked) => boolean, lie: Lie): Store["lie"] {
  let left = most;
  return (asked) => (fits(asked) && left-- > 0 ? lie : null);
}

test("an answer of 500 after the write, at every write: each is found to have happened, and all is whole", async () => {
  const { store, place, folder } = await bed();
  const seen = new Set<string>();
  store.lie = (asked) => {
    const request = `${asked.method} ${asked.key} ${asked.query.get("partNumber")} ${asked.query.has("uploadId")}`;
    if (!isWrite(asked) || seen.has(request)) return null;
    seen.add(request);
    return { do: "lose", status: 500, code: "InternalError" };
  };
  const made = await makeBackup("one", 1, largeBytes);
  value(await place.keep(made.backup, made.files, false));
  expect(seen.size).toBeGreaterThan(8);
  value(await place.fetch("one"));
  for (const [name, bytes] of made.content) expect(readFileSync(join(folder, name)).equals(bytes)).toBe(true);
});

test("bytes that a store changed are found before there is a record", async () => {
  const { store, place } = await bed({ checksums: false });
  store.lie = (asked) => (isFile(asked) ? { do: "flip" } : null);
  const { backup, files } = await makeBackup("one", 1);
  expect(await place.keep(backup, files, false)).toMatchObject({ ok: false, error: { code: "damaged" } });
  store.lie = () => null;
  expect(value(await place.list())).toEqual([]);
});

test("a store with checksums is believed, one without has every byte read back", async () => {
  for (const [checksums, reads] of [
    [true, 0],
    [false, 3],
  ] as const) {
    const { store, place } = await bed({ checksums });
    const { backup, files } = await makeBackup("one", 1, largeBytes);
    value(await place.keep(backup, files, false));
    expect(store.asked.filter((one) => /^GET eu.*toc\.dat$/.test(one))).toHaveLength(reads);
  }
});

test("a store that acknowledged a file and does not have it is caught", async () => {
  const { store, place } = await bed();
  store.lie = ({ method, key }) => {
    if (method === "HEAD") store.objects.delete(key);
    return null;
  };
  const { backup, files } = await makeBackup("one", 1);
  expect(await place.keep(backup, files, false)).toMatchObject({ ok: false, error: { code: "damaged" } });
});

test("an answer that breaks off is asked for again; one that always does is no file", async () => {
  const { store, place, folder } = await bed();
  const { backup, files, content } = await makeBackup("one", 1, 100_000);
  value(await place.keep(backup, files, false));
  store.lie = () => ({ do: "cut" });
  expect(await place.fetch("one")).toMatchObject({ ok: false, error: { code: "unreachable" } });
  store.lie = times(3, isFile, { do: "cut" });
  value(await place.fetch("one"));
  expect(
    readFileSync(join(folder, "one/toc.dat")).equals(content.get("one/toc.dat") ?? Buffer.alloc(1)),
  ).toBe(true);
});

test("a large file that broke off goes on with the parts that are there; given up, no part stays", async () => {
  const { store, place } = await bed();
  const made = await makeBackup("one", 1, largeBytes);
  store.lie = ({ query }) =>
    query.get("partNumber") === "3" ? { do: "refuse", status: 403, code: "AccessDenied" } : null;
  expect(await place.keep(made.backup, made.files, false)).toMatchObject({
    ok: false,
    error: { code: "refused" },
  });
  expect(store.uploads.size).toBe(1);
  store.lie = () => null;
  store.asked.length = 0;
  value(await place.keep(made.backup, made.files, false));
  const parts = store.asked.filter((one) => one.includes("partNumber="));
  expect(parts.map((one) => /partNumber=(\d)/.exec(one)?.[1])).toEqual(["3"]);
  expect(store.uploads.size).toBe(0);
});

test("a listing that lags drops nothing that it does not show, and what cannot be read stops the tidying up", async () => {
  const { store, place } = await bed();
  const make = async (id: string, at: number) => {
    const { backup, files } = await makeBackup(id, at);
    return place.keep(backup, files, id === "a");
  };
  for (const [at, id] of ["a", "b"].entries()) value(await make(id, at));
  for (const key of store.objects.keys()) if (key.includes("/b/")) store.hidden.add(key);
  value(await make("c", 3));
  expect(value(await place.list()).map(({ id }) => id)).toEqual(["c", "a"]);
  store.hidden.clear();
  store.lie = ({ method, key }) =>
    method === "GET" && key.endsWith("a/backup.json")
      ? { do: "refuse", status: 503, code: "SlowDown" }
      : null;
  expect(await make("d", 4)).toMatchObject({ ok: false, error: { code: "unreachable" } });
  store.lie = () => null;
  expect(value(await place.list()).map(({ id }) => id)).toEqual(["d", "c", "b", "a"]);
  value(await make("d", 4));
  expect(value(await place.list()).map(({ id }) => id)).toEqual(["d", "c", "a"]);
});

const refusals: readonly (readonly [string, Lie & { status: number }, string, RegExp])[] = [
  ["no access", { do: "refuse", status: 403, code: "AccessDenied" }, "refused", /access is denied/],
  ["a quota", { do: "refuse", status: 403, code: "QuotaExceeded" }, "no-space", /full/],
  ["no room", { do: "refuse", status: 507, code: "XMinioStorageFull" }, "no-space", /full/],
  ["an archive class", { do: "refuse", status: 403, code: "InvalidObjectState" }, "refused", /thawed/],
  [
    "a store that is down",
    { do: "refuse", status: 503, code: "SlowDown" },
    "unreachable",
    /503 SlowDown.*several tries/,
  ],
  ["something new", { do: "refuse", status: 418, code: "Teapot" }, "failed", /418 Teapot/],
];

for (const [name, lie, code, words] of refusals)
  test(`${name} is said, with the place and what to do`, async () => {
    const { store, place } = await bed();
    const { backup, files } = await makeBackup("one", 1);
    store.lie = () => lie;
    const said = await place.keep(backup, files, false);
    expect(said).toMatchObject({ ok: false, error: { code, what: expect.stringMatching(words) } });
    if (said.ok) return;
    expect(said.error.what).toContain("s3://shop/eu/production");
    expect(said.error.next).not.toBe("");
    const tries = code === "unreachable" ? 5 : 1;
    expect(store.asked).toHaveLength(tries);
  });

test("a wrong key, a wrong region and a wrong clock are told apart, and no secret is in any message", async () => {
  const { store } = await storeBed(afterTest, { region: "eu-north-1" });
  const folder = await folderFor("empty");
  const ask = async (change: Parameters<typeof configFor>[1]) => {
    const said = await placeOn(shelfIn(configFor(store.url, change)), folder, { keep: lastTwo }).list();
    expect(JSON.stringify(said)).not.toContain(secretText);
    return said.ok ? "fine" : `${said.error.code}: ${said.error.what}`;
  };
  const region = "eu-north-1";
  expect(await ask({ region })).toBe("fine");
  expect(await ask({})).toMatch(/config: .* not in the region us-east-1, it is in eu-north-1/);
  expect(await ask({ region, keyId: "nobody" })).toMatch(/refused: .*InvalidAccessKeyId/);
  expect(await ask({ region, secret: secret("wrong") })).toMatch(/refused: .*SignatureDoesNotMatch/);
  store.aheadMs = 3 * 3_600_000;
  expect(await ask({ region })).toMatch(/refused: .*the clocks differ: ours is .* behind/);
});

test("the store's own encryption and class go with the files; records can always be read at once", async () => {
  const { store } = await storeBed(afterTest);
  const change = { encryption: { method: "aws:kms", key: "key-1" }, storageClass: "STANDARD_IA" } as const;
  const place = placeOn(shelfIn(configFor(store.url, change)), await folderFor("empty"));
  const { backup, files } = await makeBackup("one", 1, largeBytes);
  value(await place.keep(backup, files, false));
  for (const [key, { headers }] of store.objects) {
    expect(headers).toMatchObject({
      "x-amz-server-side-encryption": "aws:kms",
      "x-amz-server-side-encryption-aws-kms-key-id": "key-1",
    });
    const isOurs = /(backup\.json|SHA256SUMS)$/.test(key);
    expect(headers["x-amz-storage-class"]).toBe(isOurs ? undefined : "STANDARD_IA");
  }
});
