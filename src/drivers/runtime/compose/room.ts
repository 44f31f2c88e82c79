// What the parts of the compose runtime share: how to call docker, where things are, who may act, what is secret.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import { type Docker, dockerCli } from "../../docker/cli.ts";
import type { Container } from "../../docker/inspect.ts";
import { parseStack } from "../../docker/stack-model.ts";
import { type Fence, fence } from "../process/fence.ts";
import { type Locks, locks } from "../process/locks.ts";
import { checker } from "./check.ts";
import {
  type ComposeLayout,
  type ComposeRuntimeConfig,
  type ComposeRuntimeDeps,
  composeLayout,
} from "./config.ts";
import { type LineReader, lineReader } from "./lines.ts";
import { stackRedactor } from "./redact.ts";

export type ComposeRoom = {
  readonly config: ComposeRuntimeConfig;
  readonly deps: ComposeRuntimeDeps;
  readonly docker: Docker;
  readonly where: ComposeLayout;
  readonly fence: Fence;
  readonly locks: Locks;
  /** The fence stands before every mutation, and nothing begins for a caller who has given up. */
  readonly mutate: <T>(op: Op, key: string, work: () => Promise<Result<T>>) => Promise<Result<T>>;
  /** Its own healthcheck, run now instead of at its next turn: true where it passes. */
  readonly checkNow: (container: Container) => Promise<boolean>;
  readonly linesOf: LineReader;
  /** For output of a service of a release; null where its values are not stored any more. */
  readonly redactorOf: (release: string, service: string) => Promise<((text: string) => string) | null>;
};

export function composeRoom(config: ComposeRuntimeConfig, deps: ComposeRuntimeDeps): ComposeRoom {
  const where = composeLayout(config.stateDir);
  const oneAtATime = locks();
  const own = fence(deps.files, where.fence, oneAtATime);
  const docker = dockerCli(deps.host, config.docker, deps.looks ?? null);
  return {
    config,
    deps,
    docker,
    where,
    fence: own,
    locks: oneAtATime,
    mutate: async (op, key, work) => {
      if (op.signal.aborted)
        return problem("cancelled", "called off before it began", "do it again if it is still wanted");
      const allowed = await own.admit(op);
      return allowed.ok ? oneAtATime(key, work) : allowed;
    },
    checkNow: checker(docker),
    linesOf: lineReader(docker, deps.clock),
    redactorOf: (release, service) => readRedactor(deps, where, release, service),
  };
}

async function readRedactor(
  { files }: ComposeRuntimeDeps,
  where: ComposeLayout,
  release: string,
  service: string,
): Promise<((text: string) => string) | null> {
  const content = await files.read(where.composeFile(release, service));
  if (!content.ok) return null;
  const text = content.value.toString("utf8");
  const stack = parseStack(`{"name":"stored",${text.trimStart().slice(1)}`);
  if (stack === null) return null;
  const filed = await contents(files, `${where.service(release, service)}/files`);
  return filed.ok ? stackRedactor(Object.values(stack.services), filed.value) : null;
}

/** Of secret files, as the app reads them and without the newline that editors put at the end. */
async function contents(
  files: ComposeRuntimeDeps["files"],
  folder: string,
): Promise<Result<Readonly<Record<string, string>>>> {
  const names = await files.list(folder);
  if (!names.ok) return names;
  const values: Record<string, string> = {};
  for (const name of names.value.filter((each) => each.startsWith("secrets-"))) {
    const content = await files.read(`${folder}/${name}`);
    if (!content.ok) return content;
    values[name] = content.value.toString("utf8").trimEnd();
  }
  return ok(values);
}
