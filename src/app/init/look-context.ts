// Looks into the folder that an image is built from: how it says it is well, and how its database moves on.
import { mapOf } from "./compose-model.ts";
import type { ContextFinding } from "./findings.ts";
import type { Reader } from "./reader.ts";

const code = /\.(?:[cm]?[jt]s|py|go|rb|php|java|kt|rs)$/;
const skipped = /^(?:node_modules|dist|build|\.|test|tests|__tests__|spec|vendor|coverage|public|venv)/;
const deepest = 3;
const mostFolders = 60;
const healthPath =
  /["'`](?:GET )?(\/(?:api\/)?(?:v\d+\/)?(?:health|healthz|health-check|healthcheck|livez|readyz|ready|ping|alive))["'`]/g;

/** By the file or folder that gives it away. */
const migrationTools: readonly (readonly [path: string, tool: string])[] = [
  ["prisma/schema.prisma", "Prisma"],
  ["alembic.ini", "Alembic"],
  ["manage.py", "Django"],
  ["db/migrate", "Rails"],
  ["drizzle.config.ts", "Drizzle"],
  ["knexfile.js", "Knex"],
  ["knexfile.ts", "Knex"],
  ["flyway.conf", "Flyway"],
  ["prisma/migrations", "Prisma"],
  ["db/migrations", "SQL files"],
  ["migrations", "SQL files"],
  ["src/migrations", "SQL files"],
];

export async function lookAtContext(own: Reader, dir: string): Promise<ContextFinding> {
  const at = (path: string) => (dir === "." ? path : `${dir}/${path}`);
  const packageJson = await own.text(at("package.json"));
  return {
    dir,
    dockerfile: await own.text(at("Dockerfile")),
    scripts: packageJson === null ? {} : scriptsOf(packageJson),
    healthRoutes: await healthRoutes(own, dir),
    migrations: await migrationsIn(own, at),
  };
}

/** Of a package.json; none where it is no JSON. */
export function scriptsOf(packageJson: string): Readonly<Record<string, string>> {
  try {
    const scripts = mapOf(mapOf(JSON.parse(packageJson))?.["scripts"]) ?? {};
    return Object.fromEntries(Object.entries(scripts).map(([name, value]) => [name, String(value)]));
  } catch {
    return {};
  }
}

async function migrationsIn(
  own: Reader,
  at: (path: string) => string,
): Promise<ContextFinding["migrations"]> {
  for (const [path, tool] of migrationTools) {
    if ((await own.text(at(path))) !== null || (await own.isFolder(at(path))))
      return { tool, path: at(path) };
  }
  return null;
}

async function healthRoutes(own: Reader, dir: string): Promise<ContextFinding["healthRoutes"]> {
  const found = new Map<string, string>();
  let open = [{ dir, depth: 0 }];
  for (let folders = 0; open.length > 0 && folders < mostFolders; folders++) {
    const [next, ...rest] = open;
    if (next === undefined) break;
    open = rest;
    for (const { file, text } of await own.inFolders([next.dir === "." ? "" : next.dir], code)) {
      for (const [, path = ""] of text.matchAll(healthPath)) if (!found.has(path)) found.set(path, file);
    }
    if (next.depth === deepest) continue;
    for (const name of await own.names(next.dir === "." ? "" : next.dir)) {
      const below = next.dir === "." ? name : `${next.dir}/${name}`;
      if (!skipped.test(name) && (await own.isFolder(below)))
        open.push({ dir: below, depth: next.depth + 1 });
    }
  }
  return [...found].map(([path, file]) => ({ path, file }));
}
