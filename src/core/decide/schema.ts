// A release goes back: do its migrations go back too, stay, or is a person asked? With the reasons. Pure.
import { type OlderTried, olderWords } from "../migrations/older.ts";
import { labelOf, type Values, valueWords, type Way, wayWords } from "../migrations/way.ts";
import type { Alternative } from "./alternatives.ts";
import type { Decision } from "./decide.ts";
import type { SchemaWord } from "./policy.ts";

export type BroughtMigration = {
  readonly name: string;
  /** Null where none was made and tried. */
  readonly way: Way | null;
  /** What is there now and would go along; null where nobody counted. */
  readonly takes: readonly Values[] | null;
};

/** All that is known of the schema that the release made. */
export type SchemaNow = {
  /** Versions. */
  readonly older: string;
  readonly newer: string;
  /** At least one. */
  readonly brought: readonly BroughtMigration[];
  /** Whether the older release runs on this schema, by a try on a copy; null where nobody tried. */
  readonly runs: { readonly works: boolean; readonly words: string } | null;
  /** Why they can't go down now; null where they can, or nobody asked. */
  readonly refused: string | null;
  /** Why the database could not be asked; null where it was, or need not be. */
  readonly unasked: string | null;
};

/** A single request that is answered shows that it starts; what users do shows that it works. */
export function runsOn(tried: OlderTried | null, older: string, newer: string): SchemaNow["runs"] {
  if (tried === null || tried.works === "not-tried") return null;
  const words = olderWords(tried, older, newer);
  if (tried.works === "no" || tried.flows.some((name) => name !== "smoke"))
    return { works: tried.works === "yes", words };
  const alone = `${older} answers single requests on the schema of ${newer}; no flow of users was tried there.`;
  return { works: false, words: alone };
}

export type Fate = NonNullable<Decision["migrations"]>;

/** `keep` where the older release is known to run on it: that is the fastest way, and loses nothing. */
export function fateOf(word: SchemaWord, now: SchemaNow): Fate {
  const { older, newer, brought, runs } = now;
  const names = brought.map(({ name }) => name);
  const fate = (fate: SchemaWord, why: string): Fate => ({ fate, names, why });
  if (word === "keep") return fate("keep", 'The policy for migrations is "keep": the code goes back alone.');
  if (runs?.works === true) return fate("keep", runs.words);
  const unsure = runs?.words ?? `Nothing shows that ${older} runs on the schema of ${newer}.`;
  if (word === "ask") return fate("ask", `The policy for migrations is "ask". ${unsure}`);
  const obstacle = obstacleOf(now);
  if (obstacle !== null) return fate("ask", `${unsure} And ${obstacle}.`);
  return fate("undo", `${unsure} Taking ${names.join(", ")} down loses nothing.`);
}

/** Null where all of them go down and nothing is lost, as far as is known. */
function obstacleOf({ brought, refused }: SchemaNow): string | null {
  if (refused !== null) return refused;
  for (const { name, way, takes } of brought) {
    if (way === null) return `no way down from ${name} was made and tried`;
    if (labelOf(way) !== "reversible") return `${name} is ${wayWords(way)}`;
    if (way.withoutRows !== null)
      return `the way down from ${name} was tried without rows (${way.withoutRows}): what it loses nobody counted`;
    if (takes !== null && takes.length > 0) return `with ${name} would go ${valueWords(takes)} of now`;
  }
  return null;
}

/** The same decision with what it means for the schema; a rollback that a person has to judge becomes a question. */
export function withSchema(decision: Decision, word: SchemaWord, now: SchemaNow | null): Decision {
  if (now === null || decision.way?.remedy !== "roll-back") return decision;
  const migrations = fateOf(word, now);
  const asks = decision.decision === "roll-back" && migrations.fate === "ask";
  const facts = [
    ...(decision.facts ?? []),
    ...factsOf(now, word),
    `Migrations: ${fateWords[migrations.fate]}`,
  ];
  const alternatives = [...decision.alternatives, ...others(migrations, now)];
  if (!asks) return { ...decision, facts, alternatives, migrations };
  const why = `${decision.why.replace(/\.?$/, ".")} ${migrations.why}`;
  return { ...decision, decision: "ask", rule: "migrations", why, facts, alternatives, migrations };
}

const fateWords: Readonly<Record<SchemaWord, string>> = {
  undo: "they go down, between the last request on the newer release and the first on the older one.",
  keep: "they stay, the code goes back alone.",
  ask: "a person has to say what becomes of them.",
};

function factsOf({ brought, newer, unasked }: SchemaNow, word: SchemaWord): readonly string[] {
  const each = brought.map(({ name, way, takes }) => {
    const along = takes !== null && takes.length > 0 ? `; ${valueWords(takes)} of now would go along` : "";
    return `${newer} brought the migration ${name}: ${way === null ? "no way down was tried" : wayWords(way)}${along}.`;
  });
  const silent =
    unasked === null ? [] : [`The database could not be asked what would go along now: ${unasked}.`];
  return [...each, ...silent, `Policy: migrations ${word}.`];
}

function others({ fate, why }: Fate, { runs, older, newer }: SchemaNow): readonly Alternative[] {
  const alone = runs?.words ?? `Nothing shows that ${older} runs on the schema of ${newer}.`;
  const undo = { decision: "undo-migrations", whyNot: why };
  if (fate === "keep") return [undo];
  if (fate === "undo") return [{ decision: "keep-migrations", whyNot: alone }];
  return [{ decision: "keep-migrations", whyNot: alone }, undo];
}

/** What a person can say where a person is asked. */
export function choicesFor({ migrations, way }: Pick<Decision, "migrations" | "way">): string | null {
  if (!migrations || way?.remedy !== "roll-back") return null;
  const choices = {
    undo: "lastgood rollback --with-migrations takes both back",
    keep: "lastgood rollback takes the code back alone",
    ask: "lastgood rollback takes the code back alone, --with-migrations the schema too, --with-data the backup from before",
  };
  return `${choices[migrations.fate]}; add --plan to see what it loses.`;
}
