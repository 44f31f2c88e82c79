// A release's settings, turned from the live database to a copy of it on the same server. Pure.
import { ok, problem, type Result } from "../result.ts";

export type Values = Readonly<Record<string, string>>;

export type Aim = {
  /** Names of two databases of one server. */
  readonly live: string;
  readonly copy: string;
  /** What sessions of the release that is tried call themselves on the server. At most 63 characters. */
  readonly mark: string;
  /** Variables that name the database, with a URL or its bare name; others are turned too where they hold its URL. */
  readonly variables: readonly string[];
  /** `host:port` past a pooler, which knows no copies; null: as the release says. */
  readonly server: string | null;
  /** Set on top, so that nothing leaves the house: mail, payments. */
  readonly env: Values;
};

/** What the config says of it. */
export type TrialSettings = Pick<Aim, "variables" | "server" | "env">;

/** Beginning, user and host, name, parameters. */
const url = /^((?:jdbc:)?postgres(?:ql)?(?:\+\w+)?:\/\/)([^/?#]*)\/([^?#]*)(?:\?([^#]*))?/i;

/**
 * What is set on top of a release's own values. `config` where none of them names the live database: then nobody can
 * say where the release would write. Apps may look at `LASTGOOD_TRIAL` to keep still.
 */
export function aimed(values: Values, aim: Aim): Result<Values> {
  const given = { ...values, ...aim.env };
  const turned = Object.entries(given).flatMap(([name, value]) => {
    const there = turn(name, value, aim);
    return there === null ? [] : [[name, there] as const];
  });
  if (turned.length > 0)
    return ok({ ...aim.env, ...Object.fromEntries(turned), PGAPPNAME: aim.mark, LASTGOOD_TRIAL: "yes" });
  return problem(
    "config",
    `none of its settings names the database ${aim.live}`,
    "Write which variable does: drill: variable: in lastgood.yml.",
  );
}

/** Null where it is not about the live database. */
function turn(name: string, value: string, aim: Aim): string | null {
  const parts = url.exec(value);
  const said = aim.variables.includes(name);
  if (parts) return said || decoded(parts[3] ?? "") === aim.live ? turnUrl(parts, aim) : null;
  if (value === aim.live && (said || name === "PGDATABASE")) return aim.copy;
  const words = value.replace(
    /(^|\s)dbname\s*=\s*('?)([^\s']+)\2/,
    (whole, before: string, _, database: string) =>
      database === aim.live ? `${before}dbname=${aim.copy} application_name=${aim.mark}` : whole,
  );
  return words === value ? null : words;
}

function turnUrl([, scheme = "", authority = "", , query = ""]: RegExpExecArray, aim: Aim): string {
  const key = scheme.toLowerCase().startsWith("jdbc:") ? "ApplicationName" : "application_name";
  const others = query.split("&").filter((one) => one !== "" && !one.startsWith(`${key}=`));
  const user = authority.slice(0, authority.lastIndexOf("@") + 1);
  const host = aim.server === null ? authority : `${user}${aim.server}`;
  const parameters = [...others, `${key}=${encodeURIComponent(aim.mark)}`].join("&");
  return `${scheme}${host}/${encodeURIComponent(aim.copy)}?${parameters}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
