// Hummii: everything in compose, images built on the machine, nginx in a container.
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Bed } from "./bed.ts";
import { edit, folderIn, withValues } from "./files.ts";
import { examples } from "./places.ts";
import { commit, writeVersion } from "./source.ts";
import type { Laid } from "./stack.ts";
import { freeSubnet } from "./subnet.ts";

const migrations = {
  from: "hummii",
  at: join("api", "prisma", "migrations"),
  file: (name: string) => join(name, "migration.sql"),
};
/** What the pages of the frontend share with the API. */
const shared = ["log.mjs", "settings.mjs", "stop.mjs"];

export async function layHummii(bed: Bed): Promise<Laid> {
  const { dir, name } = bed;
  for (const file of shared) await cp(join(examples, "shop", "app", file), join(dir, "web", file));
  await folderIn(dir, "logs", "nginx");
  const port = await bed.freePort();
  const publicUrl = `http://127.0.0.1:${port}`;
  const values = {
    PUBLIC_URL: publicUrl,
    HTTP_PORT: `127.0.0.1:${port}`,
    NETWORK_SUBNET: await freeSubnet(bed),
    HEALTH_INTERVAL: "1s",
  };
  const example = await readFile(join(dir, ".env.production.example"), "utf8");
  await writeFile(join(dir, ".env.production"), withValues(example, values), { mode: 0o600 });
  // One engine may have this stack several times; a container's name is there only once.
  await edit(join(dir, "docker-compose.prod.yml"), (text) => text.replaceAll("hummii-", `${name}-`));
  const setVersion = async (version: string) => {
    await writeVersion(dir, version, ["api", "web"], migrations);
    await commit(bed, version);
  };
  await setVersion("v1");
  return {
    files: ["docker-compose.prod.yml"],
    envFile: ".env.production",
    publicUrl,
    paths: { base: "/api", chat: "/socket.io/" },
    healthUrl: `${publicUrl}/api/health`,
    api: "api",
    databaseUrl: null,
    setVersion,
    end: async () => {},
  };
}
