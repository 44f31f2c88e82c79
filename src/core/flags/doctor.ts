// Did a switch take effect, process by process; and which flags have had their day. Pure: facts in, findings out.
import { type Flag, isPermanent, safeVariant, variableOf } from "./model.ts";
import type { Read } from "./scan.ts";
import { plainValue } from "./variables.ts";

export type FlagFinding = {
  readonly flag: string | null;
  readonly instance: string | null;
  readonly severity: "bad" | "look";
  readonly what: string;
  readonly next: string;
};

/** A running copy of the app, whoever started it. */
export type SeenInstance = {
  readonly name: string;
  /** It listens to flags, and has the newest version or not; null: it does not listen. */
  readonly listens: { readonly current: boolean; readonly kind: string; readonly connected: boolean } | null;
  /** What it was started with, by variable; a variable that is not there was not set. Null: that cannot be seen. */
  readonly started: ReadonlyMap<string, string> | null;
};

export type SeenFlag = {
  readonly name: string;
  /** As it is now for everybody, rules and switches together. */
  readonly flag: Flag;
  readonly defined: Flag;
  readonly switchedAt: number | null;
  /** Instances into which this very switch was put by force. */
  readonly forcedInto: readonly string[];
  readonly evaluations: number;
  readonly codeDefaults: readonly unknown[];
};

export type FlagFacts = {
  readonly flags: readonly SeenFlag[];
  readonly instances: readonly SeenInstance[];
  /** What the mirrored files say, by file and variable. */
  readonly files: readonly { readonly name: string; readonly variables: ReadonlyMap<string, string> }[];
  /** Null: no source was looked through. */
  readonly reads: readonly Read[] | null;
  readonly now: number;
};

export function examine(facts: FlagFacts): readonly FlagFinding[] {
  return [
    ...facts.flags.flatMap((flag) => facts.instances.flatMap((instance) => effect(flag, instance, facts))),
    ...facts.instances.flatMap(silent),
    ...facts.flags.flatMap(defaults),
    ...frozen(facts),
    ...facts.flags.flatMap((flag) => worn(flag, facts)),
  ];
}

/** Only switches by hand are asked after: what the rules say of a flag was true when the process was started. */
function effect(seen: SeenFlag, instance: SeenInstance, { files }: FlagFacts): readonly FlagFinding[] {
  if (seen.switchedAt === null || instance.listens || seen.forcedInto.includes(instance.name)) return [];
  const variable = variableOf(seen.name, seen.defined);
  const wanted = plainValue(seen.flag);
  if (wanted === null || instance.started === null) return [];
  const has = instance.started.get(variable);
  if (has === undefined || has === wanted) return [];
  const file = files.find(({ variables }) => variables.has(variable));
  const inFile = file
    ? `the file ${file.name} says ${file.variables.get(variable)}`
    : "no file is kept in step";
  return [
    {
      flag: seen.name,
      instance: instance.name,
      severity: "bad",
      what: `your switch of ${seen.name} did not take effect in ${instance.name}: it was started with ${variable}=${has}, ${inFile}, and a running process does not read the file again`,
      next: "Start it with NODE_OPTIONS=--import=@lastgood/flags/env once, and it follows every switch; or restart it now (docker compose up -d, not restart).",
    },
  ];
}

function silent({ name, listens }: SeenInstance): readonly FlagFinding[] {
  if (!listens || listens.current) return [];
  const why = listens.connected
    ? "it is connected, but has not confirmed the newest state"
    : "its connection is gone";
  const next = "If it hangs, restart it. If it is cut off, it goes on with its last state until it is back.";
  return [
    {
      flag: null,
      instance: name,
      severity: "bad",
      what: `${name} may have an old state of flags: ${why}`,
      next,
    },
  ];
}

function defaults({ name, defined, codeDefaults }: SeenFlag): readonly FlagFinding[] {
  const safe = safeVariant(defined);
  if (safe === null) return [];
  const wrong = codeDefaults.filter((value) => value !== defined.variants[safe]);
  if (wrong.length === 0) return [];
  const what = `the code passes ${wrong.map((value) => JSON.stringify(value)).join(", ")} as default of ${name}; its safe value is ${JSON.stringify(defined.variants[safe])}`;
  const next =
    "Make the default in the code the safe value: it is what counts before the service was ever reached.";
  return [{ flag: name, instance: null, severity: "look", what, next }];
}

function frozen({ reads }: FlagFacts): readonly FlagFinding[] {
  return (reads ?? [])
    .filter((read) => read.frozen)
    .map(({ file, line, flag, text }) => {
      const whom = flag ?? "all variables";
      const what = `${file}:${line} reads ${whom} once, when it is loaded: ${text}`;
      const next =
        "Read it where it is needed, in the function that serves the request; then a switch reaches it.";
      return { flag, instance: null, severity: "bad" as const, what, next };
    });
}

/** Switches that are meant to stay are never called old. */
function worn({ name, defined, evaluations }: SeenFlag, { reads, now }: FlagFacts): readonly FlagFinding[] {
  if (isPermanent(defined)) return [];
  const found: FlagFinding[] = [];
  const say = (what: string, next: string) =>
    found.push({ flag: name, instance: null, severity: "look", what, next });
  if (reads !== null && evaluations === 0 && !reads.some(({ flag }) => flag === name))
    say(
      `nobody reads ${name}: not the source, and no process since the controller started`,
      "Remove it from the definitions.",
    );
  const expires = defined.metadata?.["expires"];
  if (typeof expires === "string" && Date.parse(expires) < now)
    say(`${name} was to end on ${expires}`, "Remove it from code and definitions, or give it a later day.");
  return found;
}
