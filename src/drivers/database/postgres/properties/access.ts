// Who may do what with a database: access lists as the server writes them, and what must not be given.
import { quoteName } from "../names.ts";

/** Privileges of a database by their letter in an access list. */
const PRIVILEGES: Readonly<Record<string, string>> = { C: "CREATE", T: "TEMPORARY", c: "CONNECT" };

export type Grant = {
  /** Null for PUBLIC, which is everybody. */
  readonly to: string | null;
  readonly privilege: string;
  /** May give it on. */
  readonly passOn: boolean;
};

/** `acl` null means the server's defaults: everybody may connect and make temporary tables, the owner may all. */
export function grantsOf(acl: readonly string[] | null, owner: string): readonly Grant[] {
  if (acl === null) return [...everybody, ...ownersAll(owner)];
  return acl.flatMap(readEntry);
}

const everybody: readonly Grant[] = [
  { to: null, privilege: "TEMPORARY", passOn: false },
  { to: null, privilege: "CONNECT", passOn: false },
];

function ownersAll(owner: string): readonly Grant[] {
  return Object.values(PRIVILEGES).map((privilege) => ({ to: owner, privilege, passOn: false }));
}

/**
 * What was taken away since the backup stays away: a restore gives nobody more than he had when it was taken, nor more
 * than he has now.
 */
export function narrower(then: readonly Grant[], now: readonly Grant[]): readonly Grant[] {
  return then.flatMap((grant) => {
    const same = now.find((one) => one.to === grant.to && one.privilege === grant.privilege);
    return same === undefined ? [] : [{ ...grant, passOn: grant.passOn && same.passOn }];
  });
}

/** Statements that leave exactly these grants. `owner` is the owner that the database has by then. */
export function grantStatements(
  database: string,
  owner: string,
  grants: readonly Grant[],
): readonly string[] {
  const on = `ON DATABASE ${quoteName(database)}`;
  const give = grants.map(({ to, privilege, passOn }) => {
    const whom = to === null ? "PUBLIC" : quoteName(to);
    return `GRANT ${privilege} ${on} TO ${whom}${passOn && to !== owner ? " WITH GRANT OPTION" : ""}`;
  });
  return [`REVOKE ALL ${on} FROM PUBLIC`, `REVOKE ALL ${on} FROM ${quoteName(owner)}`, ...give];
}

/** Grants that are there and were not wanted; the owner's own are his whatever a list says. */
export function tooMuch(wanted: readonly Grant[], there: readonly Grant[]): readonly Grant[] {
  return there.filter(
    ({ to, privilege }) => !wanted.some((one) => one.to === to && one.privilege === privilege),
  );
}

/** `role=CTc/owner`, `"my role"=c*\/owner`, `=Tc/owner` for PUBLIC. */
function readEntry(entry: string): readonly Grant[] {
  const [, quoted, plain, letters = ""] = /^(?:"((?:[^"]|"")*)"|([^=]*))=([^/]*)\//.exec(entry) ?? [];
  const to = quoted?.replaceAll('""', '"') ?? (plain === "" ? null : (plain ?? null));
  return [...letters.matchAll(/([a-zA-Z])(\*?)/g)].flatMap(([, letter = "", star]) => {
    const privilege = PRIVILEGES[letter];
    return privilege === undefined ? [] : [{ to, privilege, passOn: star === "*" }];
  });
}
