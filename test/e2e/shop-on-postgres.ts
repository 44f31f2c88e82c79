// A shop as a person sets it up: the embedded runtime, a database of PostgreSQL, two versions, and a config.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { localProcesses } from "../../src/os/processes.ts";
import { bedFolder, type Later } from "../parts/bed.ts";
import type { PostgresBed } from "../parts/postgres.ts";
import { run, type Said } from "./bed.ts";

const app = `import { createServer } from "node:http";
createServer((_, answer) => answer.end("well")).listen(process.env.PORT, "127.0.0.1");`;

export type ShopOnPostgres = {
  readonly folder: string;
  /** The command line as a process, with the shop's config. */
  lastgood(...words: readonly string[]): Promise<Said>;
  /** In the shop's database. */
  psql(sql: string): Promise<string>;
};

/** `lines`: of the environment, indented by four; its database is named in `.env`. */
export async function shopOnPostgres(
  server: Pick<PostgresBed, "url" | "psql">,
  lines: string,
  later: Later,
): Promise<ShopOnPostgres> {
  const processes = localProcesses();
  const folder = await bedFolder("shop-pg", later);
  later(async () => {
    const edge = await processes.find("LASTGOOD_PROXY", join(folder, "state", "production", "edge"));
    for (const one of [...edge, ...(await processes.find("SHOP_BED", folder))])
      processes.signal(one, "SIGKILL");
  });
  await server.psql("CREATE DATABASE shop");
  for (const version of ["v1", "v2"]) {
    await mkdir(join(folder, "versions", version), { recursive: true });
    await writeFile(join(folder, "versions", version, "server.mjs"), `${app}\n// ${version}\n`);
  }
  await writeFile(join(folder, ".env"), `DATABASE_URL=${server.url.replace(/postgres$/, "shop")}\n`);
  const [port, own] = [await processes.freePort(), await processes.freePort()];
  const config = join(folder, "lastgood.yml");
  await writeFile(
    config,
    `app: shop
state: state
environments:
  production:
    services:
      web:
        runtime: process
        source: versions/{version}
        command: ["{node}", server.mjs]
        env: { SHOP_BED: ${folder} }
        envFile: .env
        health: { path: /, interval: 50ms, timeout: 20s }
    traffic: { kind: proxy, listen: "127.0.0.1:${port}" }
    watch: { for: 30m, check: 1s }
${lines}
controller: { listen: "127.0.0.1:${own}" }
`,
  );
  return {
    folder,
    lastgood: (...words) => run(["--config", config, ...words]),
    psql: (sql) => server.psql(sql, "shop"),
  };
}

/** It ended well; what it said. */
export function works(said: Said): Record<string, unknown> {
  expect(said.exit, `${said.out}${said.err}`).toBe(0);
  return said.json();
}
