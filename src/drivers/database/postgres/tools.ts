// Runs PostgreSQL's client programs: who they connect as is in files and environment, never in argv.
import { join } from "node:path";
import type { DatabaseUrl } from "../../../core/database-url.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Finished } from "../../../ports/host.ts";
import type { SqlClient } from "../../../ports/sql.ts";
import type { Context, PostgresDeps, ToolCall, ToolName, Tools } from "./context.ts";
import { addressOf, type Place } from "./reach.ts";
import { type Found, findTools } from "./tools-found.ts";

type Given = PostgresDeps & Pick<Context, "config" | "app" | "working">;

/** Files with this beginning are swept by the next backup, where a crash left one. */
export const passFileStart = ".pgpass-";

export function toolsOf(given: Given, place: Place): Tools {
  let known: { readonly of: string; readonly found: Found } | null = null;
  const find = async (): Promise<Result<Found>> => {
    const server = await serverVersion(given.app);
    if (!server.ok) return server;
    const container = await place.container();
    if (!container.ok) return container;
    const of = `${server.value.version} ${container.value?.imageId ?? ""} ${container.value?.id ?? ""}`;
    if (known?.of === of) return ok(known.found);
    const found = await findTools(given, place, server.value);
    if (found.ok) known = { of, found: found.value };
    return found;
  };
  let calls = 0;
  return {
    version: async () => {
      const found = await find();
      return found.ok ? ok({ version: found.value.version, where: found.value.where }) : found;
    },
    run: async (tool, call, signal) => {
      const found = await find();
      if (!found.ok) return found;
      const url = call.as === "admin" ? (given.config.adminUrl ?? given.config.url) : given.config.url;
      const address = await addressOf(url, place);
      if (!address.ok) return address;
      const passFile = join(
        given.config.backupDir,
        `${passFileStart}${given.clock.now()}-${given.clock.elapsed()}-${++calls}`,
      );
      given.working.add(passFile);
      const written = await given.files.replace(passFile, passLine(address.value), 0o600);
      if (!written.ok) return written;
      try {
        return await runOne(given, { tool, call, found: found.value, to: address.value, passFile }, signal);
      } finally {
        await given.files.remove(passFile); // what stays is swept by the next backup
        given.working.delete(passFile);
      }
    },
  };
}

type Running = {
  readonly tool: ToolName;
  readonly call: ToolCall;
  readonly found: Found;
  readonly to: DatabaseUrl;
  readonly passFile: string;
};

async function runOne(given: Given, running: Running, signal?: AbortSignal): Promise<Result<Finished>> {
  const { tool, call, found, to, passFile } = running;
  const { effect, op, timeoutMs, args, stdin } = call;
  const env: Record<string, string> = {
    LC_ALL: "C",
    PGAPPNAME: "lastgood",
    PGHOST: to.host,
    PGPORT: String(to.port),
    PGUSER: to.user,
    PGDATABASE: call.database,
    PGPASSFILE: passFile,
    PGSSLMODE: to.sslMode,
    PGCONNECT_TIMEOUT: "10",
    ...(to.rootCertificate === null ? {} : { PGSSLROOTCERT: to.rootCertificate }),
  };
  const input = stdin === undefined ? {} : { stdin };
  if (found.kind === "here") {
    const program = found.folder === null ? tool : join(found.folder, tool);
    return given.host.run({ argv: [program, ...args], effect, op, timeoutMs, env, ...input }, signal);
  }
  return inImage(given, { ...running, found }, env, signal);
}

/** A container of its own, beside the database's: it sees our folder, and needs no room in the database's. */
async function inImage(
  given: Given,
  { tool, call, found, passFile }: Running & { found: Found & { kind: "image" } },
  env: Readonly<Record<string, string>>,
  signal?: AbortSignal,
): Promise<Result<Finished>> {
  const { docker } = given;
  if (docker === null) throw new Error("programs in an image, and no docker");
  const user = await given.host.run({ argv: ["id", "-u"], effect: "read", op: null, timeoutMs: 30_000 });
  if (!user.ok) return user;
  const name = `lastgood-${tool}-${passFile.split(passFileStart)[1]?.replaceAll(".", "-")}`;
  // The server is its own machine here, whatever its address outside is.
  const inside = { ...env, PGHOST: "127.0.0.1" };
  const mounts = [passFile, ...(call.folder === undefined ? [] : [call.folder])];
  const args = [
    "run",
    "--rm",
    "--interactive",
    `--name=${name}`,
    `--network=container:${found.container}`,
    `--user=${user.value.stdout.trim()}`,
    ...mounts.flatMap((path) => ["--volume", `${path}:${path}`]),
    ...Object.keys(inside).flatMap((key) => ["--env", key]),
    `--entrypoint=${tool}`,
    found.image,
    ...call.args,
  ];
  const ended = await docker.run({
    args,
    effect: call.effect,
    op: call.op,
    timeoutMs: call.timeoutMs,
    env: inside,
    ...(call.stdin === undefined ? {} : { stdin: call.stdin }),
    ...(signal === undefined ? {} : { signal }),
  });
  // The client is gone when it was called off; the program in the container may not be.
  if (!ended.ok) await docker.run({ args: ["rm", "--force", name], effect: "write" });
  return ended;
}

async function serverVersion(app: SqlClient) {
  const session = await app.connect();
  if (!session.ok) return session;
  const text = "SELECT current_setting('server_version') AS v, current_setting('server_version_num') AS n";
  const asked = await session.value.query(text);
  await session.value.close();
  if (!asked.ok) return asked;
  const row = asked.value.rows[0];
  return ok({ version: row?.["v"] ?? "", versionNumber: Number(row?.["n"]) });
}

/** Any host, port and database: it is read for one connection. */
function passLine(to: DatabaseUrl): string {
  const escaped = (to.password?.reveal() ?? "").replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  return `*:*:*:*:${escaped}\n`;
}
