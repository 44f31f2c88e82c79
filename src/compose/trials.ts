// From the config's `drill` to what a release that is tried on a copy is given.
import type { Environment } from "../config/schema.ts";
import type { TrialSettings } from "../core/backups/aim.ts";

/** Null where releases are not to be started beside production. */
export function trialOf({ drill, database }: Environment): TrialSettings | null {
  const { releases, variable, server, env } = drill;
  if (!releases) return null;
  const named = database?.kind === "postgres" ? variablesIn(database.url) : [];
  return {
    variables: variable === undefined ? named : [variable],
    server:
      server === undefined
        ? null
        : `${server.host.includes(":") ? `[${server.host}]` : server.host}:${server.port}`,
    env: { ...env },
  };
}

/** `${DATABASE_URL}` is all of it; of `postgres://${USER}:…@db/${NAME}` the last part is the database's name. */
function variablesIn(url: string): readonly string[] {
  const found = /^\$\{(\w+)\}$/.exec(url) ?? /\/\$\{(\w+)\}(?:[?#].*)?$/.exec(url);
  return found?.[1] === undefined ? [] : [found[1]];
}
