// Where the stack's PostgreSQL is: the URL that the apps get, by the compose file or the env file, without its secrets.
import type { DatabaseFinding } from "./findings.ts";
import type { ProposedDatabase } from "./proposal.ts";

const wholeUrl = `\${DATABASE_URL}`;
const standard = 5_432;
/** Postgres, nothing but plain `${NAME}` in it, and a password that is one of them (or none). */
const template =
  /^postgres(?:ql)?:\/\/(?:[\w.-]|\$\{\w+\})*(?::\$\{\w+\})?@([\w.-]+)(?::(\d+))?\/(?:[\w.-]|\$\{\w+\})+(?:\?[\w=&.-]*)?$/;

type AsWritten = Readonly<Record<string, unknown>>;

/** `services` as they are written, with their variables; `values` of the env file. */
export function findDatabase(
  services: AsWritten,
  values: Readonly<Record<string, string>>,
): DatabaseFinding | null {
  for (const [name, service] of Object.entries(services)) {
    const url = environmentOf(service)["DATABASE_URL"];
    const match = url === undefined ? null : template.exec(url);
    if (url !== undefined && match)
      return {
        url,
        host: match[1] ?? "",
        port: Number(match[2] ?? standard),
        because: `DATABASE_URL of ${name}`,
      };
  }
  const url = URL.parse(values["DATABASE_URL"] ?? "");
  if (url === null || !/^postgres(ql)?:$/.test(url.protocol)) return null;
  const port = Number(url.port || standard);
  return { url: wholeUrl, host: url.hostname, port, because: "DATABASE_URL of the env file" };
}

function environmentOf(service: unknown): Readonly<Record<string, string>> {
  const raw = (service as { readonly environment?: unknown } | null)?.environment;
  const entries = Array.isArray(raw)
    ? raw.map((line) => String(line).split(/=(.*)/s))
    : Object.entries((raw ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [String(name), String(value ?? "")]));
}

type Around = {
  readonly envFile: string | undefined;
  /** The container of a service of the stack by its name; null where there is none of that name. */
  containerOf(host: string): string | null;
};

/** Null where the config would not be enough to reach it. */
export function proposeDatabase(
  found: DatabaseFinding | null,
  { envFile, containerOf }: Around,
): ProposedDatabase | null {
  if (found === null || envFile === undefined) return null;
  const { url, host, port, because } = found;
  const container = containerOf(host);
  const place: Readonly<Record<string, string>> = container
    ? { container }
    : host === "host.docker.internal"
      ? { at: `127.0.0.1:${port}` }
      : {};
  return { value: { kind: "postgres", envFile, ...(url === wholeUrl ? {} : { url }), ...place }, because };
}
