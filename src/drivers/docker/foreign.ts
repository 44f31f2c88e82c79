// Containers that the user's own `docker compose up` made, as against ours.
import type { Container } from "./inspect.ts";
import { labels } from "./names.ts";

const project = "com.docker.compose.project";
const service = "com.docker.compose.service";

/** What they are looked for with. */
export function projectLabels(of: string): Readonly<Record<string, string>> {
  return { [project]: of };
}

/** The service of the user's project that it is; null for what is ours, or a command that ends by itself. */
export function foreignService({ labels: has }: Container): string | null {
  if (has[labels.kind] !== undefined || has["com.docker.compose.oneoff"] === "True") return null;
  return has[service] ?? null;
}

export function isUp({ status }: Container): boolean {
  return status === "running" || status === "restarting" || status === "paused";
}
