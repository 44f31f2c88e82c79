// The route on disk: written whole and durably before a change is acknowledged.
import { open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import { noRoute, type RouteState, routeState } from "./route.ts";

export function stateFile(stateDir: string): string {
  return join(stateDir, "route.json");
}

/** The saved route, or none where there never was one. Throws where the file is there but not whole. */
export async function loadRoute(path: string): Promise<RouteState> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return noRoute;
    throw error;
  }
  return routeState.parse(JSON.parse(text));
}

export async function saveRoute(path: string, state: RouteState): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(state)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
