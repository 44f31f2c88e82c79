// Lets Compose itself read the user's files: which there are, with which version, and what is missing in them.
import { isAbsolute, join } from "node:path";
import { ok, problem, type Result } from "../../core/result.ts";
import { type Docker, lastWords } from "./cli.ts";
import { parseStack, type StackModel } from "./stack-model.ts";

export type StackFiles = {
  /** Absolute folder of the compose files: relative paths in them start there. */
  readonly folder: string;
  /** Absolute, or relative to the folder; the first one names the project where nothing else does. */
  readonly files: readonly [string, ...string[]];
  /** For interpolation, as `--env-file`. Empty: `.env` of the folder, where there is one. */
  readonly envFiles: readonly string[];
  readonly profiles: readonly string[];
  /** Null: as Compose itself would call it. */
  readonly project: string | null;
  /** Variable of the files that holds the version, e.g. `TAG`; null where images are built or have fixed names. */
  readonly versionVariable: string | null;
  /** Variables that may be without a value. */
  readonly blank: readonly string[];
};

/** What stands between `docker compose` and its command, for the user's own stack. */
export function stackArgs(stack: StackFiles): readonly string[] {
  return [
    "compose",
    ...(stack.project === null ? [] : ["--project-name", stack.project]),
    "--project-directory",
    stack.folder,
    ...stack.files.flatMap((file) => ["--file", inFolder(stack, file)]),
    ...stack.envFiles.flatMap((file) => ["--env-file", inFolder(stack, file)]),
    ...stack.profiles.flatMap((profile) => ["--profile", profile]),
  ];
}

/** The version goes into the files through this. */
export function stackEnv(stack: StackFiles, version: string | null): Readonly<Record<string, string>> {
  return stack.versionVariable === null || version === null ? {} : { [stack.versionVariable]: version };
}

export function inFolder({ folder }: StackFiles, path: string): string {
  return isAbsolute(path) ? path : join(folder, path);
}

/**
 * The whole stack with everything filled in. Holds secrets. `config` where the files are not right or a variable
 * without a default has no value: the stack would start with an empty one.
 * `redact` takes what the env files hold out of messages.
 */
export async function readStack(
  docker: Docker,
  stack: StackFiles,
  version: string | null,
  redact: (text: string) => string,
): Promise<Result<StackModel>> {
  const args = [...stackArgs(stack), "config", "--format", "json"];
  const ended = await docker.run({ args, effect: "read", cwd: stack.folder, env: stackEnv(stack, version) });
  if (!ended.ok) return ended;
  const { exitCode, stderr, stdout, truncated } = ended.value;
  const where = inFolder(stack, stack.files[0]);
  if (exitCode !== 0) return refused(redact(lastWords(ended.value)), where);
  const unset = unsetVariables(stderr).filter((name) => !stack.blank.includes(name));
  if (unset.length > 0) return blank(unset, where);
  const model = truncated ? null : parseStack(stdout);
  if (model === null)
    return problem(
      "config",
      "docker compose config gives something that cannot be read",
      "see docker compose version: 2.0 or newer is needed",
      where,
    );
  const passed = passedThrough(model).filter((name) => !stack.blank.includes(name));
  return passed.length > 0 ? blank(passed, where) : ok(model);
}

function refused(words: string, where: string): Result<never> {
  const required = /required variable (\S+) is missing a value(?:: (.*))?/.exec(words);
  if (required)
    return problem(
      "config",
      `the compose file needs the variable ${required[1]}, and it has no value`,
      `put it into the stack's env file, or name the file that has it under stack.envFiles`,
      where,
    );
  return problem(
    "config",
    `docker compose does not accept the files: ${words}`,
    "mend them until docker compose config works",
    where,
  );
}

function blank(names: readonly string[], where: string): Result<never> {
  const one = names.length === 1;
  return problem(
    "config",
    `the compose file uses ${names.join(", ")}, and ${one ? "it has" : "they have"} no value`,
    `put ${one ? "it" : "them"} into the stack's env file, or name the file under stack.envFiles; where empty is right, list ${one ? "it" : "them"} under stack.blank`,
    where,
  );
}

/** Names in Compose's warnings. */
export function unsetVariables(stderr: string): readonly string[] {
  const names = [...stderr.matchAll(/The \\?"([^"\\]+)\\?" variable is not set/g)].map(
    ([, name]) => name ?? "",
  );
  return [...new Set(names)].toSorted();
}

/** `environment: [NAME]` takes the value of the shell that starts Compose, and ours has none. */
function passedThrough(model: StackModel): readonly string[] {
  const names = Object.values(model.services).flatMap(({ environment }) =>
    Object.entries(environment ?? {}).flatMap(([name, value]) => (value === null ? [name] : [])),
  );
  return [...new Set(names)].toSorted();
}
