// The config that comes with the example shop is right, and fits the shop.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, test } from "vitest";
import { makeVersions, VERSIONS } from "../../examples/shop/make-versions.mjs";
import { loadConfig } from "../../src/config/load.ts";

const folder = path.join(import.meta.dirname, "../../examples/shop");

test("lastgood.yml of the shop loads, and names one database for the shop and for Lastgood", () => {
  const file = path.join(folder, "lastgood.yml");
  const config = loadConfig(readFileSync(file, "utf8"), file);
  if (!config.ok) throw new Error(JSON.stringify(config.error, null, 2));
  const production = config.value.environments["production"];
  expect(production?.services?.["web"]?.source).toBe("versions/{version}");
  expect(production?.services?.["web"]?.env["SHOP_DB"]).toBe(
    `{root}/${production?.database?.kind === "sqlite" && production.database.file}`,
  );
});

test("each version is complete by itself, says what it does, and is made anew over an older one", () => {
  const target = mkdtempSync(path.join(os.tmpdir(), "lastgood-shop-"));
  try {
    makeVersions(target);
    const made = makeVersions(target);
    expect(readdirSync(target).toSorted()).toEqual(Object.keys(VERSIONS).toSorted());
    for (const [name, version] of Object.entries(VERSIONS)) {
      const at = made[name] ?? "";
      expect(JSON.parse(readFileSync(path.join(at, "release.json"), "utf8"))).toEqual({
        name,
        does: version.does,
      });
      expect(readdirSync(at)).toEqual(
        expect.arrayContaining(["server.mjs", "faults.json", ...readdirSync(`${folder}/app`)]),
      );
    }
  } finally {
    rmSync(target, { recursive: true });
  }
});
