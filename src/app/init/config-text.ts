// The proposal as the text of `lastgood.yml`, with the reason of each line beside it.
import type { Because, Proposal, ProposedEntry } from "./proposal.ts";

const reasonColumn = 46;
const widest = 110;

export function configText(proposal: Proposal): string {
  const { app, compose, envFiles, project, versionVariable, blank, services, migration, checks } = proposal;
  const ours = services.filter(({ role }) => role === "app" || role === "worker");
  const others = services.filter(({ role }) => role !== "app" && role !== "worker");
  const lines = [
    "# Lastgood: how this stack is deployed, watched and brought back. Written by `lastgood init` from what lies here;",
    "# all keys: docs/reference/config.md. Your compose files stay as they are.",
    ...remarks("Assumed, please look it over:", proposal.assumed),
    ...remarks("Could not be told from here:", proposal.unknown),
    `app: ${scalar(app)}`,
    "",
    "environments:",
    "  production:",
    "    stack:",
    "      runtime: compose",
    ...reasoned(`      files: ${list(compose.value)}`, compose.because),
    ...(envFiles.value.length > 0
      ? reasoned(`      envFiles: ${list(envFiles.value)}`, envFiles.because)
      : []),
    ...reasoned(`      project: ${scalar(project.value)}`, project.because),
    ...optional("      versionVariable: ", versionVariable),
    ...(blank.length > 0 ? reasoned(`      blank: ${list(blank)}`, "nothing gives a value") : []),
    "      services:",
    ...ours.flatMap(serviceLine),
    ...(others.length > 0 ? ["        # Left alone by every deploy and rollback:"] : []),
    ...others.flatMap(serviceLine),
    ...(migration === null
      ? []
      : [
          "      # Run once in the new release before it gets traffic:",
          "      tasks:",
          ...reasoned(
            `        - { name: migrate, service: ${scalar(migration.service)}, command: ${list(migration.command)} }`,
            migration.because,
          ),
        ]),
    ...databaseLines(proposal),
    "    # What stands in front: an edge of ours in the stack's own network takes the names and ports of the apps, and",
    "    # switches between releases; nothing of yours is reloaded. To change that, write `traffic:`.",
    ...(proposal.publicUrl === null
      ? []
      : [`    # Users arrive at ${proposal.publicUrl.value}: ${oneLine(proposal.publicUrl.because)}.`]),
    ...(checks.length === 0
      ? []
      : ["    # What `lastgood doctor` looks at beside the stack:", "    checks:"]),
    ...checks.flatMap(({ kind, fields, because }) => reasoned(`      ${kind}: ${map(fields)}`, because)),
  ];
  return `${lines.join("\n")}\n`;
}

function databaseLines({ database }: Proposal): readonly string[] {
  if (database === null) return [];
  return [
    "    # Backed up before each release; its URL is the app's own, filled in from the env file:",
    ...reasoned(`    database: ${map(database.value)}`, database.because),
  ];
}

function serviceLine({ name, role, because, port, probe }: ProposedEntry): readonly string[] {
  const fields = [
    `class: ${role}`,
    ...(port === null ? [] : [`port: ${port.value}`]),
    ...(probe?.path ? [`health: { path: ${scalar(probe.path)} }`] : []),
  ];
  const reasons = [
    because,
    ...(port ? [`port: ${port.because}`] : []),
    ...(probe ? [`health: ${probe.because}`] : []),
  ];
  return reasoned(`        ${scalar(name)}: { ${fields.join(", ")} }`, reasons.join("; "));
}

function remarks(title: string, notes: readonly string[]): readonly string[] {
  return notes.length === 0 ? [] : ["#", `# ${title}`, ...notes.map((note) => `# - ${oneLine(note)}`)];
}

function optional<T extends string>(key: string, found: Because<T> | null): readonly string[] {
  return found === null ? [] : reasoned(`${key}${scalar(found.value)}`, found.because);
}

/** Beside the line where there is room, otherwise above it. */
function reasoned(line: string, because: string): readonly string[] {
  const reason = oneLine(because);
  const beside = `${line.padEnd(reasonColumn)} # ${reason}`;
  return beside.length <= widest ? [beside] : [`${/^ */.exec(line)?.[0] ?? ""}# ${reason}`, line];
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

function map(fields: Readonly<Record<string, string>>): string {
  const entries = Object.entries(fields).map(([name, value]) => `${name}: ${scalar(value)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function list(values: readonly string[]): string {
  return `[${values.map(scalar).join(", ")}]`;
}

/** Plain where YAML would read the very same text, quoted otherwise. */
function scalar(text: string): string {
  const isPlain =
    /^[A-Za-z_./][\w./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|\.inf|\.nan)$/i.test(text);
  return isPlain || /^https?:\/\/[\w.:/-]+$/.test(text) ? text : JSON.stringify(text);
}
