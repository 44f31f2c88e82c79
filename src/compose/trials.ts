// From the config's `drill` to what a release that is tried on a copy is given.
import type { Environment } from "../config/schema.ts";
import type { TrialSettings } from "../core/backups/aim.ts";

export function trialOf({ drill, database }: Environment): TrialSettings {
  const { variable, server, env } = drill;
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
