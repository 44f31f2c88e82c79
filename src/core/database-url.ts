// The URL by which apps reach their PostgreSQL, taken apart.
import { problem, type Result } from "./result.ts";
import { type Secret, secret } from "./secret.ts";

export const sslModes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"] as const;

export type DatabaseUrl = {
  /** A name, an address, or the folder of a unix socket (begins with `/`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: Secret | null;
  readonly database: string;
  readonly sslMode: (typeof sslModes)[number];
  /** Path of the certificates that a server's is checked by; null for the system's. */
  readonly rootCertificate: string | null;
};

const DEFAULT_PORT = 5432;
const next = "write it as postgres://user:password@host:5432/database, with %40 for an @ in the password";

/** Other parameters than libpq's of TLS and host (`schema`, `connection_limit`, …) are the app's and are left out. */
export function parseDatabaseUrl(url: Secret): Result<DatabaseUrl> {
  const parsed = URL.parse(url.reveal());
  if (parsed === null || !/^postgres(ql)?:$/.test(parsed.protocol))
    return problem("config", "the database's URL is not one of PostgreSQL", next);
  const [user, password, database, server] = [
    parsed.username,
    parsed.password,
    parsed.pathname.slice(1),
    parsed.hostname,
  ].map(decoded);
  if (!user || !database || password === undefined || server === undefined)
    return problem("config", "the database's URL names no user or no database", next);
  const host = parsed.searchParams.get("host") ?? server.replace(/^\[(.*)\]$/, "$1");
  if (host === "") return problem("config", "the database's URL names no host", next);
  const asked = parsed.searchParams.get("sslmode") ?? "prefer";
  const sslMode = sslModes.find((mode) => mode === asked);
  if (sslMode === undefined)
    return problem("config", `the database's URL says sslmode=${asked}`, `use one of ${sslModes.join(", ")}`);
  const port = Number(parsed.port || parsed.searchParams.get("port") || DEFAULT_PORT);
  const rootCertificate = parsed.searchParams.get("sslrootcert");
  return {
    ok: true,
    value: {
      host,
      port,
      user,
      password: password === "" ? null : secret(password),
      database,
      sslMode,
      rootCertificate,
    },
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
