// Feature flags: `FEATURE_NAME=true` lines of a file, looked at again for each request, so that no restart is needed.
import { readFileSync, statSync } from "node:fs";
import { parseEnv } from "node:util";

/** @param {string | undefined} file without it, the environment says @returns {Features} */
export function openFeatures(file) {
  let seen = "";
  /** @type {Record<string, string | undefined>} */
  let values = process.env;
  const read = () => {
    if (file === undefined) return values;
    const { ino, size, mtimeMs } = statSync(file);
    const now = `${ino} ${size} ${mtimeMs}`;
    if (now !== seen) values = parseEnv(readFileSync(file, "utf8"));
    seen = now;
    return values;
  };
  return {
    isOn: (flag) => read()[flag] === "true",
    all: () =>
      Object.fromEntries(
        Object.entries(read()).flatMap(([name, value]) =>
          name.startsWith("FEATURE_") ? [[name, value === "true"]] : [],
        ),
      ),
  };
}

/** @typedef {{ isOn: (flag: string) => boolean, all: () => Record<string, boolean> }} Features */
