// What the team's own scripts and workflows say: which compose files, which env file, how it is migrated and checked.

export type Source = { readonly file: string; readonly text: string };

export type Mentions = {
  /** Compose files of one command, in their order. */
  readonly composeFiles: readonly (Said & { readonly files: readonly string[] })[];
  readonly envFiles: readonly (Said & { readonly path: string })[];
  /** Names given to `--project-name`. */
  readonly projects: readonly (Said & { readonly name: string })[];
  /** `compose run … <service> <command>` that speaks of migrations. */
  readonly migrations: readonly (Said & { readonly service: string; readonly command: readonly string[] })[];
  /** Addresses that are asked whether all is well. */
  readonly probes: readonly (Said & { readonly url: string })[];
};
/** `where`: `scripts/deploy.sh:12`. */
type Said = { readonly where: string };

const composeCommand = /\bdocker[ -]compose\b|\bcompose\s+(?:-|run\b|up\b)/;
const runFlagsWithValue = new Set([
  "-e",
  "--env",
  "--name",
  "-u",
  "--user",
  "-v",
  "--volume",
  "-w",
  "--workdir",
  "--entrypoint",
  "-p",
]);

export function readMentions(sources: readonly Source[]): Mentions {
  const lines = sources.flatMap(({ file, text }) =>
    joined(text).map(({ line, number }) => ({ where: `${file}:${number}`, line })),
  );
  const compose = lines.filter(({ line }) => composeCommand.test(line));
  return {
    composeFiles: compose.flatMap(({ where, line }) => {
      const files = [...line.matchAll(/(?:\s-f|\s--file)[ =]"?([\w./-]+\.ya?ml)\b/g)].map(
        (match) => match[1] ?? "",
      );
      return files.length > 0 ? [{ where, files }] : [];
    }),
    envFiles: compose.flatMap(({ where, line }) =>
      [...line.matchAll(/\s--env-file[ =]"?([\w./-]+)/g)].map((match) => ({ where, path: match[1] ?? "" })),
    ),
    projects: compose.flatMap(({ where, line }) =>
      [...line.matchAll(/\bcompose\b.*?\s(?:-p|--project-name)[ =]"?([a-z0-9][a-z0-9_-]*)\b/g)].map(
        (match) => ({
          where,
          name: match[1] ?? "",
        }),
      ),
    ),
    migrations: compose.flatMap(({ where, line }) => migrationIn(line).map((found) => ({ where, ...found }))),
    probes: lines.flatMap(({ where, line }) => {
      if (!/\b(?:curl|wget)\b/.test(line)) return [];
      const urls = line.matchAll(/https?:\/\/[\w.-]+(?::\d+)?\/[\w./-]*/g);
      return [...urls].map((match) => ({ where, url: match[0] }));
    }),
  };
}

function migrationIn(line: string) {
  const words = /\b(?:run|exec)\s+(.*)$/.exec(line)?.[1]?.split(/\s+/) ?? [];
  let at = 0;
  while (words[at]?.startsWith("-")) at += runFlagsWithValue.has(words[at] ?? "") ? 2 : 1;
  const [service = "", ...rest] = words.slice(at);
  const end = rest.findIndex((word) => /^(?:&&|\|\||[|;&>]|2>.*)$/.test(word));
  const command = (end === -1 ? rest : rest.slice(0, end)).map((word) => word.replace(/["';]/g, ""));
  const isMigration =
    /migrat|alembic|db:deploy|flyway/i.test(command.join(" ")) && !/rollback|down/i.test(command.join(" "));
  return isMigration && /^[\w-]+$/.test(service) ? [{ service, command }] : [];
}

/** Lines that end in a backslash go on in the next; comments say nothing. */
function joined(text: string): readonly { readonly line: string; readonly number: number }[] {
  const out: { line: string; number: number }[] = [];
  let open: { line: string; number: number } | null = null;
  for (const [index, raw] of text.split("\n").entries()) {
    if (/^\s*#/.test(raw)) continue;
    const goesOn: boolean = raw.endsWith("\\");
    const part: string = goesOn ? raw.slice(0, -1) : raw;
    const whole: { line: string; number: number } =
      open === null ? { line: part, number: index + 1 } : { ...open, line: `${open.line} ${part.trim()}` };
    open = goesOn ? whole : null;
    if (!goesOn) out.push(whole);
  }
  return open === null ? out : [...out, open];
}
