// Writes the shop's versions, good and bad, as complete folders: a release is captured from its folder alone.
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const APP = path.join(import.meta.dirname, "app");
const MEBIBYTE = 1024 * 1024;

/**
 * @typedef {{ does: string, faults: import("./app/faults.mjs").FaultSettings }} Version
 * @type {Readonly<Record<string, Version>>}
 */
export const VERSIONS = {
  v1: { does: "works", faults: {} },
  v2: { does: "fails 5 % of all requests; its health check stays green", faults: { failShare: 0.05 } },
  v3: { does: "crashes at boot", faults: { crashAtBoot: true } },
  v4: { does: "is healthy, but every payment fails", faults: { failPayments: true } },
  v5: { does: "answers slower by half and 10 ms", faults: { slower: { factor: 1.5, plusMs: 10 } } },
  v6: {
    does: "leaks memory with each request until it is killed at 64 MiB",
    faults: { leak: { bytesPerRequest: MEBIBYTE / 8, dieAtBytes: 64 * MEBIBYTE } },
  },
  v7: { does: "works (a good version to go forward to)", faults: {} },
  v8: { does: "never becomes healthy", faults: { neverHealthy: true } },
  v9: { does: "works, but ignores SIGTERM", faults: { ignoreStop: true } },
};

/**
 * Each version gets `server.mjs` and the rest of the app, `release.json` (name, what it does) and `faults.json`.
 * A folder of the same name is replaced.
 * @param {string} targetDir is made where it is missing
 * @returns {Readonly<Record<string, string>>} the folder of each version
 */
export function makeVersions(targetDir) {
  mkdirSync(targetDir, { recursive: true });
  return Object.fromEntries(
    Object.entries(VERSIONS).map(([name, version]) => [name, make(targetDir, name, version)]),
  );
}

/** @param {string} targetDir @param {string} name @param {Version} version */
function make(targetDir, name, version) {
  const folder = path.join(targetDir, name);
  const fresh = `${folder}.new`;
  rmSync(fresh, { recursive: true, force: true });
  cpSync(APP, fresh, { recursive: true });
  writeFileSync(path.join(fresh, "release.json"), json({ name, does: version.does }));
  writeFileSync(path.join(fresh, "faults.json"), json(version.faults));
  rmSync(folder, { recursive: true, force: true });
  renameSync(fresh, folder);
  return folder;
}

/** @param {unknown} value */
function json(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}

if (process.argv[1] !== undefined && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const target = process.argv[2] ?? path.join(import.meta.dirname, "versions");
  for (const name of Object.keys(makeVersions(target))) {
    process.stdout.write(`${name}  ${VERSIONS[name]?.does}\n`);
  }
}
