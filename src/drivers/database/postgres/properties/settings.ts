// `ALTER DATABASE … SET` and `ALTER ROLE … IN DATABASE … SET`, written as the server wants them back.
import { quoteName, quoteText } from "../names.ts";

/** Settings that are lists of names: one text in quotes would be one name. */
const LISTS = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

export type Setting = { readonly role: string | null; readonly setting: string };

export function settingStatement(database: string, { role, setting }: Setting): string {
  const at = setting.indexOf("=");
  const [name, value] = [setting.slice(0, at), setting.slice(at + 1)];
  const whose =
    role === null
      ? `DATABASE ${quoteName(database)}`
      : `ROLE ${quoteName(role)} IN DATABASE ${quoteName(database)}`;
  return `ALTER ${whose} SET ${nameOf(name)} = ${LISTS.has(name) ? list(value) : quoteText(value)}`;
}

/** An extension's setting has a dot: both of its parts are names. */
function nameOf(name: string): string {
  return name.split(".").map(quoteName).join(".");
}

/** `"$user", public`: names as the server stores them. An empty list is one empty name. */
function list(value: string): string {
  const names = [...value.matchAll(/"((?:[^"]|"")*)"|[^,\s]+/g)].map(([whole, quoted]) =>
    quoted === undefined ? whole : quoted.replaceAll('""', '"'),
  );
  return names.length === 0 ? "''" : names.map(quoteText).join(", ");
}
