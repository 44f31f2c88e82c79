// `lastgood init`: looks, proposes, shows the difference, and writes what it was told to write.
import { join } from "node:path";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Files } from "../../ports/files.ts";
import { configText } from "./config-text.ts";
import { difference } from "./diff.ts";
import type { Findings } from "./findings.ts";
import { look } from "./look.ts";
import type { Looking } from "./looking.ts";
import type { Proposal } from "./proposal.ts";
import { propose } from "./propose.ts";
import { isOurs, wrappers } from "./wrappers.ts";

export type Change = {
  /** Relative to the folder. */
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** `new`: nothing is there. `same`: nothing to do. `ours`: of an earlier init. `theirs`: a file of the team's own. */
  readonly over: "new" | "same" | "ours" | "theirs";
  /** Lines with `-` and `+`; the whole text where it is new. */
  readonly difference: string;
};

/** A plan, and how to carry out a part of it. */
export type InitPlan = {
  readonly changes: readonly Change[];
  readonly assumed: readonly string[];
  readonly unknown: readonly string[];
  write(change: Change): Promise<Result<void>>;
};

export type Plan = { readonly proposal: Proposal; readonly changes: readonly Change[] };

/** Where a file of the team's own goes when another takes its name. */
export const keptSuffix = ".before-init";
/** Lines are only added to it: nothing of it need be kept. */
const ignoreFile = ".gitignore";

/** What init would do here. Changes nothing. `config`: name of the config file in that folder. */
export async function planInit(looking: Looking, config: string): Promise<Result<Plan>> {
  const findings = await look(looking);
  if (findings.compose === null) return nothingFound(findings, looking.folder);
  const proposal = propose(findings, findings.compose);
  const wanted = [
    { path: config, text: configText(proposal), mode: 0o644 },
    ...wrappers(config).map((wrapper) => ({ ...wrapper, mode: 0o755 })),
  ];
  const changes = [];
  for (const file of wanted) changes.push(await changeOf(looking, file, file.path === config));
  changes.push(...(await ignored(looking)));
  return ok({ proposal, changes });
}

type Wanted = Pick<Change, "path" | "text" | "mode">;

async function changeOf({ files, folder }: Looking, wanted: Wanted, isConfig: boolean): Promise<Change> {
  const had = await textOf(files, join(folder, wanted.path));
  if (had === null) return { ...wanted, over: "new", difference: difference("", wanted.text) };
  if (had === wanted.text) return { ...wanted, over: "same", difference: "" };
  const over = isConfig || !isOurs(had) ? "theirs" : "ours";
  return { ...wanted, over, difference: difference(had, wanted.text) };
}

/** The journal and its secrets do not belong into git. */
async function ignored({ files, folder }: Looking): Promise<readonly Change[]> {
  const path = ignoreFile;
  const had = await textOf(files, join(folder, path));
  if (had === null || had.split("\n").some((line) => /^\/?\.lastgood\/?$/.test(line.trim()))) return [];
  const text = `${had}${had === "" || had.endsWith("\n") ? "" : "\n"}.lastgood/\n`;
  return [{ path, text, mode: 0o644, over: "theirs", difference: difference(had, text) }];
}

/** Write one change. What it replaces is kept beside it. Failures are those of `Files`. */
export async function writeChange(files: Files, folder: string, change: Change): Promise<Result<void>> {
  const at = join(folder, change.path);
  const stat = await files.stat(at);
  if (!stat.ok) return stat;
  if (change.over === "theirs" && change.path !== ignoreFile) {
    const had = await files.read(at);
    if (!had.ok) return had;
    const kept = await files.replace(`${at}${keptSuffix}`, had.value, stat.value?.mode ?? change.mode);
    if (!kept.ok) return kept;
  }
  return await files.replace(
    at,
    change.text,
    change.over === "theirs" ? (stat.value?.mode ?? change.mode) : change.mode,
  );
}

async function textOf(files: Files, path: string): Promise<string | null> {
  const read = await files.read(path);
  return read.ok ? read.value.toString("utf8") : null;
}

function nothingFound({ units, contexts }: Findings, folder: string): Result<never> {
  const seen = [
    ...units.map(({ name }) => `systemd unit ${name}`),
    ...contexts.map(({ dir }) => `package.json in ${dir}`),
  ];
  const but = seen.length > 0 ? ` There is: ${seen.join(", ")}.` : "";
  return problem(
    "missing",
    `no compose file in ${folder}, and nothing else that init could write a config from.${but}`,
    "Stand in the folder that has docker-compose.yml, or write lastgood.yml by hand: `lastgood config --example` prints one to begin with.",
    folder,
  );
}
