// What people do without Lastgood, on the same stack with the same images: Compose by hand, and the runbook's steps.
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { edit, withValues } from "../../src/demo/stack/files.ts";
import type { Stack } from "../../src/demo/stack/stack.ts";
import { untilHealthy } from "../../src/demo/stack/until.ts";
import { bad, good, type Way } from "./recover.ts";

const file = "docker-compose.prod.yml";
const kept = "backup-20251122-054255";

/** The version is a line of the env file, which Compose reads by itself. */
const setTag = ({ dir, envFile }: Stack, version: string) =>
  edit(join(dir, envFile), (text) => withValues(text, { API_TAG: version }));

export function byCompose(stack: Stack): Way {
  const up = async (version: string) => {
    await setTag(stack, version);
    await stack.compose(["up", "--detach", "--wait"]);
  };
  return {
    name: "docker compose up --wait",
    typed: [`API_TAG=${good} docker compose -f ${file} up -d --wait`],
    makeBad: () => up(bad),
    goBack: () => up(good),
  };
}

/** Its waiting (`sleep 10`) comes after the app is back, so it is left out: it would only make the runbook look slower. */
export function byRunbook(stack: Stack): Way {
  const at = (name: string) => join(stack.dir, name);
  return {
    name: "the runbook's steps",
    typed: [
      `cp backups/${file}.${kept} ${file}`,
      `cp backups/.env.${kept} .env`,
      `docker compose -f ${file} down`,
      `docker compose -f ${file} up -d`,
      "curl -fsS http://127.0.0.1:8001/health",
    ],
    async makeBad() {
      await setTag(stack, good);
      await copyFile(at(file), at(`${file}.${kept}`));
      await copyFile(at(stack.envFile), at(`${stack.envFile}.${kept}`));
      await setTag(stack, bad);
      await stack.compose(["up", "--detach", "--wait"]);
    },
    async goBack() {
      await copyFile(at(`${file}.${kept}`), at(file));
      await copyFile(at(`${stack.envFile}.${kept}`), at(stack.envFile));
      await stack.compose(["down"]);
      await stack.compose(["up", "--detach"]);
      await untilHealthy(stack.healthUrl);
    },
  };
}
