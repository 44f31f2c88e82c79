// Text of a `lastgood.yml` to a checked config, or to all that is wrong with it.
import { assert, err, ok, type Problem, problem, type Result } from "../core/result.ts";
import { contradictions } from "./checks.ts";
import { type ConfigError, type Mistake, toErrors } from "./errors.ts";
import { explain } from "./explain.ts";
import { nearest } from "./nearest.ts";
import { type Config, configField, configSchema, type Environment } from "./schema.ts";
import { leavesOf } from "./shape.ts";
import { locate, plain, readTree, type Tree } from "./yaml-tree.ts";

/**
 * Check the text of a config. `file` is only shown. All mistakes at once, in file order; only where the text is
 * no YAML at all, nothing further can be said. Paths stay as written: see `resolvePaths`.
 */
export function loadConfig(text: string, file: string): Result<Config, readonly ConfigError[]> {
  const { tree, mistakes } = readTree(text);
  const all = tree === null ? mistakes : [...mistakes, ...mistakesOf(tree)];
  if (tree === null || all.length > 0) return err(toErrors(all, text, file));
  const parsed = configSchema.safeParse(plain(tree));
  assert(parsed.success, `a refused config was explained: ${parsed.error?.message ?? ""}`);
  return ok(parsed.data);
}

/** One environment by name. `usage` where the config has none of that name. */
export function environment(config: Config, name: string): Result<Environment, Problem> {
  const found = Object.hasOwn(config.environments, name) ? config.environments[name] : undefined;
  if (found) return ok(found);
  const names = Object.keys(config.environments);
  const meant = nearest(name, names);
  const what = `there is no environment ${JSON.stringify(name)} in the config of ${config.app}`;
  const next = meant
    ? `did you mean -e ${meant}? It has: ${names.join(", ")}`
    : `use -e with one of: ${names.join(", ")}`;
  return problem("usage", what, next);
}

function mistakesOf(tree: Tree): readonly Mistake[] {
  const whole = wholeFile(tree);
  if (whole) return [whole];
  const { draft, mistakes } = explain(configField, tree);
  const root = { key: { start: 0, end: 0 }, value: tree };
  const across = contradictions(leavesOf(configField, draft)).map((found) => {
    const at = locate(root, found.path);
    const span = at.value.is === "value" ? at.value.span : at.key;
    return { ...found, span, suggestion: null };
  });
  return [...mistakes, ...across];
}

function wholeFile(tree: Tree): Mistake | null {
  if (tree.is === "map" && tree.entries.size > 0) return null;
  const what =
    tree.is === "list" || (tree.is === "value" && tree.value !== null)
      ? `a config is a map of keys, and this is a ${tree.is}`
      : "there are no keys in this file";
  const fix = "begin with `app: <name>`, or let `lastgood init` write it";
  return { path: [], span: { start: 0, end: 0 }, what, fix, suggestion: null };
}
