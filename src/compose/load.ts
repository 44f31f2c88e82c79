// Reads lastgood.yml: from the path that was given, or from the folder one stands in.
import { dirname, resolve } from "node:path";
import { formatConfigErrors } from "../config/errors.ts";
import { loadConfig } from "../config/load.ts";
import { resolvePaths } from "../config/paths.ts";
import type { Config } from "../config/schema.ts";
import { sha256 } from "../core/digest.ts";
import { canonical } from "../core/json.ts";
import { err, ok, type Result } from "../core/result.ts";
import { localFiles } from "../os/files.ts";

export async function readConfig(path: string): Promise<Result<Config>> {
  const file = resolve(path);
  const text = await localFiles().read(file);
  if (!text.ok) {
    const next =
      "Stand in the folder that has it, or name it: --config <file>. `lastgood config` prints an example.";
    return err({ code: "config", what: `cannot read ${path}: ${text.error.what}`, next, where: file });
  }
  const source = text.value.toString("utf8");
  const config = loadConfig(source, path);
  if (!config.ok) {
    const next = "Mend these places; docs/reference/config.md explains each key.";
    return err({
      code: "config",
      what: `${path} has mistakes.\n\n${formatConfigErrors(config.error)}`,
      next,
      where: file,
    });
  }
  return ok(withRoot(resolvePaths(config.value, dirname(file)), dirname(file)));
}

/** The same for the same settings, however the file is written. */
export function configDigest(config: Config): string {
  return sha256(canonical(config)).slice(0, 16);
}

/** By environment and top-level key: tells what of it is another than before, and nothing of the values. */
export function configParts({ environments }: Config): Readonly<Record<string, Record<string, string>>> {
  const digests = (section: object) =>
    Object.entries(section)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => [key, sha256(canonical(value)).slice(0, 16)]);
  return Object.fromEntries(
    Object.entries(environments).map(([env, section]) => [env, Object.fromEntries(digests(section))]),
  );
}

/** `{root}` in a setting of a service stands for the config's folder: an app runs in its release's folder instead. */
function withRoot(config: Config, root: string): Config {
  return JSON.parse(JSON.stringify(config), (key, value: unknown) => {
    return key === "env" && typeof value === "object" && value !== null ? rooted(value, root) : value;
  }) as Config;
}

function rooted(env: object, root: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).map(([name, value]) => [name, String(value).replaceAll("{root}", root)]),
  );
}
