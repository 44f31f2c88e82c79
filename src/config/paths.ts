// Paths of a config made absolute: pure string work, nothing is looked up.
import { assert } from "../core/result.ts";
import { resolvePath } from "./path-text.ts";
import { type Config, configField } from "./schema.ts";
import { mapLeaves } from "./shape.ts";
import { pathTitles } from "./values.ts";

/** Every path in the config, whatever section or driver it belongs to, made absolute against `baseDir`. */
export function resolvePaths(config: Config, baseDir: string): Config {
  assert(baseDir.startsWith("/"), "the folder of a config is given as an absolute path");
  const absolute = mapLeaves(configField, config, ({ title, value }) => {
    return pathTitles.includes(title) ? resolvePath(baseDir, String(value)) : value;
  });
  return absolute as Config;
}
