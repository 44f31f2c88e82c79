// What a person should look over, and what nothing told.
import type { ComposeEntry } from "./compose-model.ts";
import type { ComposeFinding, Findings } from "./findings.ts";
import type { Proposal } from "./proposal.ts";
import { isNamed } from "./propose-entries.ts";

type Draft = Omit<Proposal, "assumed" | "unknown">;

export function assumptions(
  { units }: Findings,
  compose: ComposeFinding,
  draft: Draft,
  left: readonly ComposeEntry[],
): readonly string[] {
  const twice = draft.services
    .filter(({ role }) => role === "app")
    .flatMap(({ name }) => {
      const mounts = compose.model.services.find((one) => one.name === name)?.mounts ?? [];
      const shared = mounts.filter(({ kind, source }) => kind === "volume" && source !== "");
      return shared.length > 0
        ? [
            `${name} writes to ${shared.map(({ source }) => source).join(", ")}: two of it at once must bear that; else say strategy: pause`,
          ]
        : [];
    });
  return [
    ...(compose.others.length > 0
      ? [`${compose.others.join(", ")} ${compose.others.length > 1 ? "are" : "is"} not for production`]
      : []),
    ...left.map(
      ({ name, profiles }) => `${name} is left out: it is only started with profile ${profiles.join(", ")}`,
    ),
    ...draft.services
      .filter(({ role, probe }) => role === "app" && probe?.isGuess === true)
      .map(
        ({ name, probe }) =>
          `${name} is well when GET ${probe?.path} answers 200 to 299 (${probe?.because}); it has no healthcheck`,
      ),
    ...twice,
    ...(draft.blank.length > 0 ? [`${draft.blank.join(", ")} may be empty: nothing gives a value`] : []),
    ...units.map(
      ({ name, file }) => `${name} (${file}) is the fallback without containers: Lastgood does not touch it`,
    ),
  ];
}

export function openQuestions(findings: Findings, compose: ComposeFinding, draft: Draft): readonly string[] {
  const { services } = draft;
  const ours = services.filter(({ role }) => role === "app" || role === "worker");
  const labelled = compose.model.services.filter(({ labels }) =>
    labels.some((label) => /^(?:traefik|caddy)/.test(label)),
  );
  const tool = findings.contexts.find(({ migrations }) => migrations !== null)?.migrations;
  const database = databaseOf(compose);
  const settled = [...draft.blank, draft.versionVariable?.value];
  const needed = compose.missing.filter((name) => !settled.includes(name));
  const example = compose.envIsExample ? compose.envFiles.join(", ") : "";
  return [
    ...(compose.unresolved === null
      ? []
      : [`docker could not read the compose file (${compose.unresolved}); this is from its text alone`]),
    ...(example === "" ? [] : [`${example} is not here; its example was read instead`]),
    ...(needed.length > 0
      ? [`a value for ${needed.join(", ")}: a deploy stops until the env file has it`]
      : []),
    ...ours
      .filter(({ role, port }) => role === "app" && port === null)
      .map(({ name }) => `which port ${name} listens on: write it as \`port\``),
    ...ours
      .filter(({ role, probe }) => role === "app" && probe === null)
      .map(({ name }) => `how ${name} says that it is well: write a health path`),
    ...(tool && draft.migration === null ? [`how ${tool.tool} migrations (${tool.path}) are run`] : []),
    ...(database && draft.database === null
      ? [`how ${database} is backed up before a deploy: there is no \`database\` section here yet`]
      : []),
    ...pointInTimeQuestion(findings, draft),
    ...compose.model.services
      .filter((one) => !isNamed(one))
      .map(({ name }) => `what ${name} is: the config takes names of small letters, digits, - and _`),
    ...(ours.length > 0 && !ours.some(({ role }) => role === "app")
      ? [
          `whether anybody asks ${ours.map(({ name }) => name).join(", ")} anything: if so, write class: app and a port`,
        ]
      : []),
    ...(compose.model.services.some(({ isForSwarm }) => isForSwarm)
      ? ["whether this is run by Compose or by Swarm (`docker stack deploy`): the file has settings for both"]
      : []),
    ...(ours.length === 0 ? ["which service is yours: none is built here or has a port"] : []),
    ...labelled.map(
      ({ name }) => `${name} is found by its labels (Traefik or Caddy): see docs for what is supported`,
    ),
    ...compose.model.services
      .filter(({ networkMode }) => networkMode === "host")
      .map(
        ({ name }) =>
          `${name} is on the host's network: two of it can't listen on one port, so it can't run twice`,
      ),
  ];
}

/** For a server on the machine itself: what runs in a container is archived there, if at all. */
function pointInTimeQuestion({ stanzas }: Findings, { database }: Draft): readonly string[] {
  if (database === null || database.value["container"] !== undefined) return [];
  return stanzas.map(
    ({ stanza, file }) =>
      `whether the database is in pgBackRest's stanza ${stanza} (${file}): then write \`pointInTime: { tool: pgbackrest, stanza: ${stanza}, scratch: /var/lib/postgresql/lastgood }\` under database:, and lastgood doctor says what is missing`,
  );
}

/** In words: a service of the compose file, or one that an app is told the address of. */
function databaseOf({ model, defined }: ComposeFinding): string | null {
  const own = model.services.find(({ image }) =>
    /(?:postgres|postgis|timescale|mysql|mariadb|mongo)/.test(image ?? ""),
  );
  if (own) return `the database (service ${own.name})`;
  const names = [...defined, ...model.services.flatMap(({ environment }) => environment)];
  const address = names.find((name) => /^(?:DATABASE_URL|PGHOST|DB_HOST|POSTGRES_HOST)$/.test(name));
  return address ? `the database that ${address} points to` : null;
}
