// Parts that are containers: of the user's compose project, and what Lastgood started beside it.
import { z } from "zod";
import { parseJson } from "../../core/json.ts";
import { kindByName, type LogLine, type Part, type PartKind } from "../../core/parts/part.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Host } from "../../ports/host.ts";
import type { LogPage, LogWant, Parts } from "../../ports/parts.ts";
import { safe, secretsOf } from "./text.ts";

export type ContainerPartsConfig = {
  /** Sets of labels, as `name=value`: what carries all of a set is a part. */
  readonly labels: readonly (readonly string[])[];
  /** What the config says of services; others go by their image. */
  readonly kinds: Readonly<Record<string, PartKind>>;
};

export type ContainerPartsDeps = {
  readonly host: Host;
  /** Takes these values out of text. */
  readonly redactor: (secrets: Readonly<Record<string, string>>) => (text: string) => string;
};

const inspected = z.array(
  z.object({
    Id: z.string(),
    Name: z.string(),
    Created: z.string(),
    State: z.object({ Status: z.string(), Health: z.object({ Status: z.string() }).nullish() }),
    Config: z.object({
      Image: z.string(),
      Env: z.array(z.string()).nullish(),
      Labels: z.record(z.string(), z.string()).nullish(),
    }),
  }),
);
type Container = z.infer<typeof inspected>[number];

const readMs = 20_000;
const restartMs = 120_000;
const stopS = 30;

export function containerParts(config: ContainerPartsConfig, deps: ContainerPartsDeps): Parts {
  const all = () => find(config.labels, deps.host);
  const of = async (part: string): Promise<Result<readonly Container[]>> => {
    const found = await all();
    if (!found.ok) return found;
    const mine = found.value.filter((one) => partName(one) === part);
    return mine.length > 0
      ? ok(mine)
      : problem("missing", `there is no part "${part}"`, "lastgood logs lists them.");
  };
  return {
    async list() {
      const found = await all();
      if (!found.ok) return found;
      const names = [...new Set(found.value.map(partName))].sort();
      return ok(names.map((name) => partOf(name, found.value, config.kinds)));
    },
    async logs(part, want) {
      const found = await of(part);
      return found.ok ? logsOf(shown(found.value), want, deps) : found;
    },
    async restart(op, part) {
      const found = await of(part);
      if (!found.ok) return found;
      const names = found.value.filter((one) => one.State.Status !== "created").map(plainName);
      const argv = ["docker", "restart", "--time", String(stopS), ...names] as const;
      const done = await deps.host.run({ argv, effect: "write", op: op.id, timeoutMs: restartMs }, op.signal);
      if (!done.ok) return done;
      if (done.value.exitCode === 0) return ok(undefined);
      return problem(
        "failed",
        `docker restart ${part}: ${done.value.stderr.trim().slice(0, 300)}`,
        `lastgood logs ${part}`,
      );
    },
  };
}

function plainName({ Name }: Container): string {
  return Name.replace(/^\//, "");
}

/** Services by their name; our edge in front of one as `edge-<service>`, so that neither hides the other. */
function partName(container: Container): string {
  const labels = container.Config.Labels ?? {};
  const service = labels["lastgood.service"] ?? labels["com.docker.compose.service"];
  if (labels["lastgood.kind"] === "edge") return `edge-${service}`;
  return service ?? plainName(container);
}

function partOf(name: string, all: readonly Container[], kinds: ContainerPartsConfig["kinds"]): Part {
  const mine = all.filter((one) => partName(one) === name);
  const running = mine.filter((one) => one.State.Status === "running");
  const [first] = running.length > 0 ? running : mine;
  const image = first?.Config.Image ?? "";
  const ours = first?.Config.Labels?.["lastgood.kind"];
  const kind = ours === "edge" ? "edge" : (kinds[name] ?? kindByName(image, name) ?? "app");
  const state = first?.State.Health?.Status ?? first?.State.Status ?? "gone";
  const count = running.length > 1 ? `, ${running.length} containers` : "";
  return { name, kind, by: "docker", what: `${image}, ${state}${count}`, running: running.length > 0 };
}

/** Whatever runs, and the newest of those that ended: why it died is what people want to know. */
function shown(containers: readonly Container[]): readonly Container[] {
  const newestFirst = containers.toSorted((a, b) => b.Created.localeCompare(a.Created));
  const running = newestFirst.filter((one) => one.State.Status === "running");
  const ended = newestFirst.filter((one) => one.State.Status !== "running").slice(0, 1);
  return [...running, ...ended];
}

async function find(
  labels: ContainerPartsConfig["labels"],
  host: Host,
): Promise<Result<readonly Container[]>> {
  const ids = new Set<string>();
  for (const set of labels) {
    const filters = set.flatMap((label) => ["--filter", `label=${label}`]);
    const argv = ["docker", "ps", "-a", "-q", "--no-trunc", ...filters] as const;
    const listed = await read(host, argv);
    if (!listed.ok) return listed;
    for (const id of listed.value.split("\n")) if (id !== "") ids.add(id);
  }
  if (ids.size === 0) return ok([]);
  const text = await read(host, ["docker", "inspect", "--type", "container", ...ids]);
  if (!text.ok) return text;
  const parsed = inspected.safeParse(parseJson(text.value));
  return parsed.success
    ? ok(parsed.data)
    : problem("failed", "docker inspect gave no list", "docker version");
}

async function read(host: Host, argv: readonly [string, ...string[]]): Promise<Result<string>> {
  const done = await host.run({ argv, effect: "read", op: null, timeoutMs: readMs });
  if (!done.ok) return done;
  if (done.value.exitCode === 0) return ok(done.value.stdout);
  const what = done.value.timedOut ? "docker did not answer" : done.value.stderr.trim().slice(0, 300);
  return problem("failed", what, "Look whether Docker runs: systemctl status docker");
}

async function logsOf(
  containers: readonly Container[],
  want: LogWant,
  deps: ContainerPartsDeps,
): Promise<Result<LogPage>> {
  const lines: LogLine[] = [];
  for (const container of containers) {
    const output = await outputOf(container, want, deps);
    if (!output.ok) return output;
    lines.push(...output.value);
  }
  // Times have one length, so they sort as text.
  const sorted = lines.toSorted((a, b) => (a.at ?? "").localeCompare(b.at ?? "")).slice(-want.lines);
  return ok({ lines: sorted, next: sorted.at(-1)?.at ?? want.after ?? "" });
}

async function outputOf(
  container: Container,
  { lines, sinceMs, after }: LogWant,
  { host, redactor }: ContainerPartsDeps,
): Promise<Result<readonly LogLine[]>> {
  const from = after || (sinceMs === null ? null : (sinceMs / 1_000).toFixed(3));
  const argv = [
    ...["docker", "logs", "--timestamps", "--tail", String(lines)],
    ...(from === null ? [] : ["--since", from]),
    container.Id,
  ] as unknown as readonly [string, ...string[]];
  const done = await host.run({ argv, effect: "read", op: null, timeoutMs: readMs });
  if (!done.ok) return done;
  if (done.value.exitCode !== 0)
    return problem("failed", done.value.stderr.trim().slice(0, 300), "docker logs by hand may say more");
  const redact = redactor(secretsOf(container.Config.Env ?? []));
  const both = [...split(done.value.stdout), ...split(done.value.stderr)];
  const fresh = both.filter(({ at }) => !after || at > after);
  return ok(fresh.map(({ at, text }) => ({ at, from: plainName(container), text: safe(redact(text)) })));
}

function split(output: string): readonly { readonly at: string; readonly text: string }[] {
  return output.split("\n").flatMap((line) => {
    const found = /^(\d{4}-\d\d-\d\dT\S+) ?(.*)$/s.exec(line);
    return found ? [{ at: padded(found[1] ?? ""), text: (found[2] ?? "").replace(/\r$/, "") }] : [];
  });
}

/** The engine leaves trailing zeros out in some versions. */
function padded(at: string): string {
  const found = /^(.*:\d\d)(?:\.(\d+))?Z$/.exec(at);
  return found ? `${found[1]}.${(found[2] ?? "").padEnd(9, "0")}Z` : at;
}
