import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import { digestTree } from "../../../src/os/digest.ts";
import type { KnownFiles } from "../../../src/ports/digest.ts";
import { until } from "../../os/programs.ts";
import { type Bed, op, PROGRAMS, processBed, value } from "./process-bed.ts";

function filesOf(bed: Bed, release: Release): string {
  return join(bed.stateDir, "releases", release.id, "web", "files");
}

async function captured(): Promise<{ bed: Bed; release: Release; files: string }> {
  const bed = await processBed();
  await bed.version("v3", PROGRAMS.good, { "lib/a.mjs": "a", "lib/b.mjs": "b", "data/seed.json": "[]" });
  const release = value(await bed.runtime.capture("v3"));
  return { bed, release, files: filesOf(bed, release) };
}

test("the stored release is a whole copy with a manifest, for no other user to read", async () => {
  const { bed, release, files } = await captured();
  expect(await readFile(join(files, "lib", "a.mjs"), "utf8")).toBe("a");
  const manifest = JSON.parse(
    await readFile(join(bed.stateDir, "releases", release.id, "release.json"), "utf8"),
  );
  expect(manifest.release).toEqual(release);
  expect(release.id).toBe(`v3-${release.digest.slice(0, 8)}`);
  expect((await stat(join(bed.stateDir, "releases"))).mode & 0o777).toBe(0o700);
  expect((await readdir(join(bed.stateDir, "releases", release.id, "web"))).sort()).toEqual([
    "files",
    "files.json",
  ]);
});

const damages: readonly [string, string, (files: string) => Promise<unknown>][] = [
  ["one flipped byte", "changed: lib/a.mjs", (files) => writeFile(join(files, "lib/a.mjs"), "A")],
  ["a lost file", "lost: lib/b.mjs", (files) => rm(join(files, "lib/b.mjs"))],
  [
    "a lost folder",
    "lost: lib, lib/a.mjs, lib/b.mjs",
    (files) => rm(join(files, "lib"), { recursive: true }),
  ],
  ["another mode", "changed: main.mjs", (files) => chmod(join(files, "main.mjs"), 0o700)],
  ["all files lost", "all files are lost", (files) => rm(files, { recursive: true })],
];

test.each(damages)("%s in the store is damage, told by name", async (_, told, damage) => {
  const { bed, release, files } = await captured();
  await chmod(join(files, "main.mjs"), 0o644);
  await damage(files);
  for (const runtime of [bed.runtime, await bed.again()]) {
    const result = await runtime.available(release);
    expect(result).toMatchObject({
      ok: false,
      error: { code: "damaged", what: expect.stringContaining(told) },
    });
  }
});

test("damage is seen although the proof was remembered", async () => {
  const { bed, release, files } = await captured();
  value(await bed.runtime.available(release));
  await new Promise((resolve) => setTimeout(resolve, 150)); // from now on the files' identities count
  value(await bed.runtime.available(release));
  await writeFile(join(files, "lib/a.mjs"), "A");
  expect(await bed.runtime.available(release)).toMatchObject({ ok: false, error: { code: "damaged" } });
});

test("files that the app adds in its folder are no damage, even where the list of files is needed to tell", async () => {
  const { bed, release, files } = await captured();
  await mkdir(join(files, "cache"));
  await writeFile(join(files, "cache", "x"), "x");
  await writeFile(join(files, "app.db"), "rows");
  expect(await bed.runtime.available(release)).toMatchObject({ ok: true });
  expect(value(await bed.runtime.capture("v3"))).toEqual(release);
  await rm(join(files, "..", "files.json"));
  expect(await bed.runtime.available(release)).toMatchObject({ ok: false, error: { code: "damaged" } });
});

test("the first proof of a controller reads all files, later ones none", async () => {
  const { bed, release } = await captured();
  await new Promise((resolve) => setTimeout(resolve, 150));
  const known: (KnownFiles | undefined)[] = [];
  const counting: typeof digestTree = (root, before) => {
    known.push(before);
    return digestTree(root, before);
  };
  const runtime = bed.with({}, { digestTree: counting });
  value(await runtime.available(release));
  value(await runtime.available(release));
  expect(known.map((one) => one?.size ?? 0)).toEqual([0, 4]);
});

test("a damaged release is mended by capturing it again, but not while it runs", async () => {
  const { bed, release, files } = await captured();
  const instance = value(await bed.runtime.start(op("start"), "web", release));
  await writeFile(join(files, "lib/a.mjs"), "A");
  expect(await bed.runtime.capture("v3")).toMatchObject({ ok: false, error: { code: "busy" } });
  expect(await readFile(join(files, "lib", "a.mjs"), "utf8")).toBe("A");
  value(await bed.runtime.stop(op("stop"), instance, 2_000));
  expect(value(await bed.runtime.capture("v3"))).toEqual(release);
  expect(await bed.runtime.available(release)).toMatchObject({ ok: true });
});

test("any change of files or settings gives another release; the version's name alone does not change the digest", async () => {
  const { bed, release } = await captured();
  const digests = [release.digest];
  for (const more of [{ command: ["{node}", "main.mjs"] }, { env: { COLOR: "red" } }, { stopGraceMs: 2 }]) {
    digests.push(value(await bed.with(more).capture("v3")).digest);
  }
  await bed.version("v3", PROGRAMS.good, { "lib/a.mjs": "new" });
  digests.push(value(await bed.runtime.capture("v3")).digest);
  expect(new Set(digests).size).toBe(5);
  expect(await bed.runtime.available(release)).toMatchObject({ ok: true }); // the former one is still there

  await bed.version("v4", PROGRAMS.good, { "lib/a.mjs": "new", "lib/b.mjs": "b", "data/seed.json": "[]" });
  const same = value(await bed.runtime.capture("v4"));
  expect(same.digest).toBe(digests.at(-1));
  expect(same.id).not.toBe(release.id);
});

test("a version that is missing is told with where it was looked for and which there are, highest first", async () => {
  const bed = await processBed();
  await bed.version("v10", PROGRAMS.good);
  await writeFile(join(bed.folder, "versions", "README"), "no folder");
  await mkdir(join(bed.folder, "versions", ".hidden"));
  expect(await bed.runtime.capture("v9")).toMatchObject({
    ok: false,
    error: { code: "missing", where: join(bed.folder, "versions", "v9"), next: "there are: v10, v2, v1" },
  });
  const deeper = bed.with({ source: join(bed.folder, "versions", "v{version}", "lib") });
  await bed.version("v11", PROGRAMS.good, { "lib/x": "x" });
  expect(await deeper.capture("9")).toMatchObject({ error: { next: "there are: 11" } });
  const nowhere = bed.with({ source: join(bed.folder, "nowhere", "{version}") });
  expect(await nowhere.capture("9")).toMatchObject({
    error: { code: "missing", next: expect.stringContaining("put the files") },
  });
});

test.each(["", "..", ".hidden", "-rf", "a/b", "a b", "v1\n", "ü", "a".repeat(61)])(
  "%j cannot be a version",
  async (version) => {
    const bed = await processBed();
    expect(await bed.runtime.capture(version)).toMatchObject({ ok: false, error: { code: "usage" } });
  },
);

test("a source without {version} or a relative one is a problem of the configuration", async () => {
  const bed = await processBed();
  for (const source of [join(bed.folder, "versions", "v1"), "versions/{version}"]) {
    expect(await bed.with({ source }).capture("v1")).toMatchObject({ ok: false, error: { code: "config" } });
  }
});

test("a source that leads out by a link is refused and nothing of it is stored as a release", async () => {
  const bed = await processBed();
  await symlink("/etc/hostname", join(bed.folder, "versions", "v1", "link"));
  const result = await bed.runtime.capture("v1");
  expect(result).toMatchObject({ ok: false, error: { what: expect.stringContaining("leads out") } });
  expect(await new Promise((resolve) => resolve(storedManifests(bed)))).toEqual([]);
});

async function storedManifests(bed: Bed): Promise<readonly string[]> {
  const folders = await readdir(join(bed.stateDir, "releases"));
  const names = await Promise.all(folders.map((folder) => readdir(join(bed.stateDir, "releases", folder))));
  return names.flat().filter((name) => name === "release.json");
}

test("a source that changes while it is being captured is refused, and the next capture is right", async () => {
  const bed = await processBed();
  const copy: typeof bed.deps.files.copy = async (from, to) => {
    await writeFile(join(from, "main.mjs"), "// somebody uploads");
    return bed.deps.files.copy(from, to);
  };
  const runtime = bed.with({}, { files: { ...bed.deps.files, copy } });
  expect(await runtime.capture("v1")).toMatchObject({ ok: false, error: { code: "conflict" } });
  expect(await storedManifests(bed)).toEqual([]);
  const release = value(await bed.runtime.capture("v1"));
  expect(await bed.runtime.available(release)).toMatchObject({ ok: true });
});

test("a capture that was cut off at any write is completed by the next, without leftovers", async () => {
  for (let cut = 1; ; cut++) {
    const bed = await processBed();
    await writeFile(join(bed.folder, "env"), "TOKEN=sentinel-one");
    let writes = 0;
    const dying = async <T>(work: () => Promise<T>): Promise<T> => {
      if (++writes === cut) throw new Error("controller dies");
      return work();
    };
    const { files } = bed.deps;
    const runtime = bed.with(
      { envFile: join(bed.folder, "env") },
      {
        files: {
          ...files,
          replace: (...args) => dying(() => files.replace(...args)),
          copy: async (from, to) => {
            await mkdir(join(to, "..", ".files.abc.part"), { recursive: true });
            return dying(() => files.copy(from, to));
          },
        },
      },
    );
    const first = await runtime.capture("v1").catch((error: Error) => error.message);
    if (first !== "controller dies") {
      expect(cut).toBe(5); // copy, list, env file and manifest were each cut off once
      return;
    }
    expect(await storedManifests(bed).catch(() => [])).toEqual([]);
    const next = bed.with({ envFile: join(bed.folder, "env") });
    const release = value(await next.capture("v1"));
    expect(await next.available(release)).toMatchObject({ ok: true });
    const stored = await readdir(join(bed.stateDir, "releases", release.id, "web"));
    expect(stored.sort()).toEqual(["env", "files", "files.json"]);
  }
});

test("too little space is told before anything is copied", async () => {
  const bed = await processBed();
  value(await bed.runtime.capture("v1"));
  const stat: typeof bed.deps.files.stat = async (path) => {
    const real = await bed.deps.files.stat(path);
    return real.ok && real.value ? { ok: true, value: { ...real.value, freeBytes: 1_000 } } : real;
  };
  const copied: string[] = [];
  const copy: typeof bed.deps.files.copy = async (from, to) => {
    copied.push(from);
    return bed.deps.files.copy(from, to);
  };
  const runtime = bed.with({}, { files: { ...bed.deps.files, stat, copy } });
  expect(await runtime.capture("v2")).toMatchObject({ ok: false, error: { code: "no-space" } });
  expect(copied).toEqual([]);
});

test("a forgotten release leaves nothing, and capturing it again gives the same one", async () => {
  const { bed, release } = await captured();
  const instance = value(await bed.runtime.start(op("start"), "web", release));
  value(await bed.runtime.stop(op("stop"), instance, 2_000));
  value(await bed.runtime.forget(op("forget"), release.id));
  expect(await readdir(join(bed.stateDir, "releases"))).toEqual([]);
  expect(await readdir(join(bed.stateDir, "instances"))).toEqual([]);
  expect(value(await bed.runtime.capture("v3"))).toEqual(release);
});

test("a program that is not on this machine is named before anything is started", async () => {
  const bed = await processBed();
  for (const [program, there] of [
    ["no-such-program", false],
    ["/no/such", false],
    ["./main.mjs", false],
    ["sleep", true],
    ["{node}", true],
  ] as const) {
    const runtime = bed.with({ command: [program, "1"] });
    const result = await runtime.available(value(await runtime.capture("v1")));
    if (there) expect(result).toMatchObject({ ok: true });
    else expect(result).toMatchObject({ ok: false, error: { code: "failed", where: program } });
  }
});

test("a release starts from the store alone, after its source is gone", async () => {
  const bed = await processBed();
  const release = value(await bed.runtime.capture("v1"));
  await rm(join(bed.folder, "versions"), { recursive: true });
  expect(await bed.runtime.available(release)).toMatchObject({ ok: true });
  value(await bed.runtime.start(op("start"), "web", release));
  await until(async () => (value(await bed.runtime.instances("web"))[0]?.lastLines ?? []).includes("ready"));
});
