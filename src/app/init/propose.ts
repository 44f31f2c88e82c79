// From what was found to what the config should say.
import { proposeDatabase } from "./database.ts";
import type { ComposeFinding, Findings } from "./findings.ts";
import { variablesIn } from "./interpolate.ts";
import { assumptions, openQuestions } from "./notes.ts";
import { publicOf } from "./probes.ts";
import type { Because, Check, Proposal, ProposedEntry } from "./proposal.ts";
import { proposeMigration, proposeServices } from "./propose-entries.ts";

const isSecret = /PASS|SECRET|KEY|TOKEN|CREDENTIAL|DSN|_URL$/;

export function propose(findings: Findings, compose: ComposeFinding): Proposal {
  const services = proposeServices(findings, compose);
  const migration = proposeMigration(findings, services, compose);
  const left = compose.model.services.filter(({ profiles }) => profiles.length > 0);
  const draft = {
    app: nameFrom(compose.model.name ?? findings.folder),
    compose: { value: compose.files, because: compose.because },
    envFiles: {
      value: compose.envFiles,
      because: compose.envIsExample ? "its example is here" : "it has the values",
    },
    project: proposeProject(findings, compose),
    versionVariable: proposeVersion(compose, services),
    blank: proposeBlank(compose, proposeVersion(compose, services)?.value ?? null),
    services,
    migration,
    checks: proposeChecks(findings, compose, proposeProject(findings, compose).value),
    publicUrl: publicOf(findings, compose),
    database: proposeDatabase(compose.database, {
      envFile: compose.envFiles[0],
      containerOf: (host) => containerOf(compose, host, proposeProject(findings, compose).value),
    }),
  };
  return {
    ...draft,
    assumed: assumptions(findings, compose, draft, left),
    unknown: openQuestions(findings, compose, draft),
  };
}

function proposeProject(findings: Findings, compose: ComposeFinding): Because<string> {
  if (compose.runningAs !== null)
    return { value: compose.runningAs, because: "it runs under this name here" };
  if (compose.projectInEnv !== null)
    return { value: compose.projectInEnv, because: "COMPOSE_PROJECT_NAME of the env file" };
  const [said] = findings.mentions.projects;
  if (said) return { value: said.name, because: `${said.where} calls it so` };
  const { name } = compose.model;
  // Docker fills in the folder's name where the file has none; both are the same then.
  const folder = projectName(findings.folder);
  if (name !== null && name !== folder) return { value: name, because: "`name` of the compose file" };
  return { value: folder, because: "the folder's name, as docker compose takes it" };
}

/**
 * What has no value is empty today too, where the real env file is here and the file does not insist on it. A secret
 * without a value is a mistake all the same.
 */
function proposeBlank(compose: ComposeFinding, version: string | null): readonly string[] {
  if (compose.envIsExample) return [];
  const insists = new Set(compose.variables.filter(({ isRequired }) => isRequired).map(({ name }) => name));
  return compose.missing.filter((name) => name !== version && !insists.has(name) && !isSecret.test(name));
}

/** A variable in the tags of what is ours, and nothing else: then it is the version. */
function proposeVersion(compose: ComposeFinding, services: readonly ProposedEntry[]): Because<string> | null {
  const ours = services.filter(({ role }) => role === "app" || role === "worker");
  const found = ours.flatMap(({ name }) => {
    const tag = /:([^:/]*\$[^/]*)$/.exec(compose.rawImages[name] ?? "")?.[1] ?? "";
    return variablesIn(tag).map((variable) => ({ variable: variable.name, service: name }));
  });
  const names = [...new Set(found.map(({ variable }) => variable))];
  const [first] = found;
  if (first === undefined || names.length !== 1) return null;
  return { value: first.variable, because: `image ${compose.rawImages[first.service]}` };
}

/** One of each kind. Those in containers are asked there; of the host's, only an nginx that has the site. */
function proposeChecks(findings: Findings, { model }: ComposeFinding, project: string): readonly Check[] {
  const services = model.services.filter(({ profiles }) => profiles.length === 0);
  const found = (kind: Check["kind"], image: RegExp): readonly Check[] => {
    const service = services.find((one) => one.context === null && image.test(one.image ?? ""));
    if (!service) return [];
    const { POSTGRES_USER: user, POSTGRES_DB: database } = service.settings;
    const container = service.containerName ?? `${project}-${service.name}-1`;
    const fields = { container, ...(user && { user }), ...(database && { database }) };
    return [{ kind, fields, because: `service ${service.name}` }];
  };
  const nginx = found("nginx", /nginx|openresty/);
  const installed = findings.nginx.find(({ file, routes }) => file.startsWith("/") && routes.length > 0);
  return [
    ...found("postgres", /postgres|postgis|timescale/),
    ...found("redis", /redis|valkey/),
    ...nginx,
    ...(nginx.length === 0 && installed
      ? [{ kind: "nginx" as const, fields: {}, because: installed.file }]
      : []),
  ];
}

function containerOf({ model }: ComposeFinding, host: string, project: string): string | null {
  const service = model.services.find(({ name }) => name === host);
  return service ? (service.containerName ?? `${project}-${service.name}-1`) : null;
}

function nameFrom(text: string): string {
  return (
    projectName(text)
      .replace(/^[^a-z0-9]+/, "")
      .slice(0, 40) || "app"
  );
}

/** As docker compose makes it of a folder's name. */
function projectName(folder: string): string {
  return folder
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}
