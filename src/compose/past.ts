// What the journal knows of an environment's database, for the driver that looks after it.
import type { Release } from "../core/release.ts";
import { envState, type State } from "../core/state.ts";
import type { Past } from "../drivers/database/postgres/context.ts";

export function pastOf(state: () => State, env: string): Past {
  return {
    release() {
      const { serving, releases } = envState(state(), env);
      const release = serving === null ? undefined : releases[serving]?.release;
      return release ? { id: release.id, images: imagesOf(release) } : null;
    },
    migrated: () => envState(state(), env).migrated,
  };
}

/** By service; where releases are no images, none. */
function imagesOf({ services }: Release): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(services).flatMap(([name, { spec }]) =>
      typeof spec["image"] === "string" ? [[name, spec["image"]]] : [],
    ),
  );
}
