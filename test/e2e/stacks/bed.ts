// A bed for end-to-end tests of real stacks: an example stack that runs from plain `docker compose up -d`, a config that
// `lastgood init` wrote, and the real CLI, used as a person would.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Load, LoadReport } from "../../../src/demo/load/load.ts";
import { startLoad } from "../../../src/demo/load/load.ts";
import { countLostWrites } from "../../../src/demo/load/lost-writes.ts";
import { layStack } from "../../../src/demo/stack/lay.ts";
import type { Stack, StackName } from "../../../src/demo/stack/stack.ts";
import type { Later } from "../../parts/bed.ts";
import { type DockerBed, docker } from "../../parts/docker.ts";
import { run, type Said } from "../bed.ts";

export type Env = Readonly<Record<string, string>>;

export type StackBed = {
  readonly stack: Stack;
  readonly docker: DockerBed;
  readonly config: string;
  /** What commands see beside their own: which engine. */
  readonly env: Env;
  lastgood(...args: readonly string[]): Promise<Said>;
  /** What the team does for a version, then `lastgood deploy`, without waiting for the watch. */
  deploy(version: string, ...more: readonly string[]): Promise<Said>;
  rollback(...args: readonly string[]): Promise<Said>;
  status(): Promise<EnvStatus>;
  /** The version that the front door answers with. */
  answers(): Promise<string | null>;
  containers(...filters: readonly string[]): Promise<readonly Container[]>;
  /** Change a file of the stack in place, as a person with an editor. */
  edit(file: string, change: (text: string) => string): Promise<void>;
  /** How long a release is watched, e.g. `{ for: 30m, check: 1s }`. Init leaves it at its default. */
  watchFor(text: string): Promise<void>;
  load(perSecond: number, more?: { readonly slowEveryMs?: number; readonly websocket?: boolean }): Load;
  /** Ids of confirmed orders that are not there. */
  lostWrites(report: LoadReport): Promise<readonly string[]>;
  startedAt(service: string): Promise<string>;
};

export type EnvStatus = {
  readonly serving: string | null;
  readonly version: string | null;
  readonly answers: boolean;
  readonly run: { readonly status: string } | null;
  readonly running: readonly {
    readonly instance: string;
    readonly service: string;
    readonly release: string;
  }[];
};

export type Container = {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly service: string;
  readonly release: string;
  readonly kind: string;
};

/** Loads are the same in every run. */
const seed = 5;

/** Laid, up, and with a config. `given`: an engine of one's own. */
export async function layBed(kind: StackName, later: Later, given?: DockerBed): Promise<StackBed> {
  const root = await mkdtemp(join(tmpdir(), "lastgood-e2e-stack-"));
  later(() => rm(root, { recursive: true, force: true }));
  const engine = given ?? (await docker(later));
  const env = pick(engine.env, ["DOCKER_HOST", "DOCKER_CONFIG"]);
  const stack = await layStack(kind, { docker: env, root });
  later(() => stack.stop());
  await stack.up();
  const init = await run(["init", "--yes"], env, stack.dir);
  if (init.exit !== 0) throw new Error(`init ended with ${init.exit}: ${init.out}${init.err}`);
  return bedOf(stack, engine, env);
}

function bedOf(stack: Stack, engine: DockerBed, env: Env): StackBed {
  const config = join(stack.dir, "lastgood.yml");
  const lastgood = (...args: readonly string[]) => run(["--config", config, ...args], env);
  const containers = (...filters: readonly string[]) => list(engine, filters);
  const edit: StackBed["edit"] = async (file, change) => {
    const path = join(stack.dir, file);
    const before = await readFile(path, "utf8");
    const after = change(before);
    if (after === before) throw new Error(`${file} has nothing of what was to be changed`);
    await writeFile(path, after);
  };
  return {
    stack,
    docker: engine,
    config,
    env,
    lastgood,
    containers,
    edit,
    async deploy(version, ...more) {
      await stack.setVersion(version);
      return lastgood("deploy", version, "--yes", "--no-wait", "--json", ...more);
    },
    rollback: (...args) => lastgood("rollback", ...args, "--yes", "--no-wait", "--json"),
    async status() {
      const said = await lastgood("status", "--json");
      const [found] = said.json()["environments"] as readonly EnvStatus[];
      if (!found) throw new Error(`status says nothing: ${said.out}${said.err}`);
      return found;
    },
    async answers() {
      const answer = await fetch(`${stack.publicUrl}${stack.paths.base}/version`, {
        headers: { connection: "close" },
      });
      await answer.body?.cancel();
      return answer.ok ? answer.headers.get("x-shop-version") : null;
    },
    watchFor: (text) =>
      edit("lastgood.yml", (before) =>
        before.replace(/^ {2}production:\n(?: {4}watch:.*\n)?/m, `  production:\n    watch: ${text}\n`),
      ),
    load: (perSecond, more = {}) =>
      startLoad({ url: stack.publicUrl, paths: stack.paths, perSecond, clients: 12, seed, ...more }),
    async lostWrites({ acknowledgedWrites }) {
      const count = await countLostWrites(`${stack.publicUrl}${stack.paths.base}`, acknowledgedWrites);
      if (!count.ok) throw new Error(count.error.what);
      return count.value.missing;
    },
    async startedAt(service) {
      const [found] = await list(engine, [
        `label=com.docker.compose.project=${stack.name}`,
        `label=com.docker.compose.service=${service}`,
      ]);
      if (!found) throw new Error(`no container of ${service}`);
      return (await engine.docker(["inspect", "--format", "{{.State.StartedAt}}", found.id])).trim();
    },
  };
}

const columns = [
  "{{.ID}}",
  "{{.Names}}",
  "{{.State}}",
  ...["service", "release", "kind"].map((name) => `{{.Label "lastgood.${name}"}}`),
];

async function list({ docker: run }: DockerBed, filters: readonly string[]): Promise<readonly Container[]> {
  const wanted = filters.flatMap((filter) => ["--filter", filter]);
  const text = await run(["ps", "--all", "--no-trunc", ...wanted, "--format", columns.join("\t")]);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [id = "", name = "", state = "", service = "", release = "", kind = ""] = line.split("\t");
      return { id, name, state, service, release, kind };
    });
}

/** Everything that carries the stack's name. */
export function ofStack({ stack }: StackBed): string {
  return `name=${stack.name}`;
}

function pick(env: Env, names: readonly string[]): Env {
  return Object.fromEntries(names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])));
}
