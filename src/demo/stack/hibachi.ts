// Hibachi: the app and Redis in compose, PostgreSQL and nginx on the host.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bed } from "./bed.ts";
import { edit, folderIn, withValues } from "./files.ts";
import { startNginx } from "./host-nginx.ts";
import { startPostgres } from "./host-postgres.ts";
import { commit, writeVersion } from "./source.ts";
import type { Laid } from "./stack.ts";

const migrations = {
  from: "hibachi",
  at: join("api", "db", "migrations"),
  file: (name: string) => `${name}.sql`,
};
const role = { user: "hibachi", password: "example-database-password", database: "hibachi_production" };

export async function layHibachi(bed: Bed): Promise<Laid> {
  const { dir, name } = bed;
  const [port, appPort, databasePort] = [await bed.freePort(), await bed.freePort(), await bed.freePort()];
  const publicUrl = `http://127.0.0.1:${port}`;
  const gateway = (
    await bed.run([
      "docker",
      "network",
      "inspect",
      "--format",
      "{{(index .IPAM.Config 0).Gateway}}",
      "bridge",
    ])
  ).trim();
  const logs = await folderIn(dir, "logs");
  await edit(join(dir, "docker-compose.prod.yml"), (text) =>
    text.replaceAll("hibachi-", `${name}-`).replace("127.0.0.1:8001:", `127.0.0.1:${appPort}:`),
  );
  await edit(join(dir, "nginx", "hibachi.conf"), (text) =>
    text
      .replace("listen 80;", `listen 127.0.0.1:${port};`)
      .replaceAll("/var/log/nginx", logs)
      .replace("127.0.0.1:8001", `127.0.0.1:${appPort}`),
  );
  const example = await readFile(join(dir, ".env.example"), "utf8");
  const address = `${role.user}:${role.password}@host.docker.internal:${databasePort}/${role.database}`;
  const envText = withValues(example, { DATABASE_URL: `postgresql://${address}` });
  await writeFile(join(dir, ".env"), envText, { mode: 0o600 });
  const setVersion = async (version: string) => {
    await writeVersion(dir, version, ["api"], migrations);
    await commit(bed, version);
    await bed.run(["docker", "build", "--quiet", "--tag", `${name}-production-api:${version}`, "api"], {
      timeoutMs: 5 * 60_000,
    });
    await edit(join(dir, ".env"), (text) => withValues(text, { API_TAG: version }));
  };
  await setVersion("v1");
  const postgres = await startPostgres(bed, {
    ...role,
    port: databasePort,
    addresses: ["127.0.0.1", gateway],
  });
  const nginx = await startNginx(bed, join(dir, "nginx", "hibachi.conf"), publicUrl).catch(
    async (error: unknown) => {
      await postgres.stop();
      throw error;
    },
  );
  return {
    files: ["docker-compose.prod.yml"],
    envFile: ".env",
    publicUrl,
    paths: { base: "", chat: "/chat" },
    healthUrl: `${publicUrl}/health`,
    api: "production-api",
    databaseUrl: postgres.url,
    setVersion,
    async end() {
      await nginx.stop();
      await postgres.stop();
    },
  };
}
