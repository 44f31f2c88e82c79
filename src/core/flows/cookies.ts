// The cookies of one flow: names, values, paths. One app is asked, so domains do not matter; `Secure` is sent all the same.

export type Cookie = { readonly name: string; readonly value: string; readonly path: string };
export type Jar = readonly Cookie[];

/** Several `set-cookie` lines come joined by commas; a comma inside a date is followed by no `name=`. */
const between = /,\s*(?=[!#$%&'*+.^_`|~0-9A-Za-z-]+=)/;

/** `now`: wall clock, milliseconds. What has expired is taken out. */
export function received(jar: Jar, header: string | undefined, now: number): Jar {
  if (header === undefined) return jar;
  return header.split(between).reduce<Jar>((all, line) => withCookie(all, line, now), jar);
}

function withCookie(jar: Jar, line: string, now: number): Jar {
  const [pair = "", ...attributes] = line.split(";").map((part) => part.trim());
  const equals = pair.indexOf("=");
  if (equals < 1) return jar;
  const name = pair.slice(0, equals);
  const attribute = (wanted: string) =>
    attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
  const given = attribute("path") ?? "/";
  const path = given.startsWith("/") ? given : "/";
  const others = jar.filter((one) => one.name !== name || one.path !== path);
  const gone = isOver(attribute("max-age"), attribute("expires"), now);
  return gone ? others : [...others, { name, value: pair.slice(equals + 1), path }];
}

function isOver(maxAge: string | undefined, expires: string | undefined, now: number): boolean {
  if (maxAge !== undefined) return Number(maxAge) <= 0;
  return expires !== undefined && Date.parse(expires) <= now;
}

/** The `cookie` header for a path; null where there is nothing to send. */
export function sentTo(jar: Jar, path: string): string | null {
  const fits = jar.filter((one) => isBelow(path, one.path));
  return fits.length === 0 ? null : fits.map(({ name, value }) => `${name}=${value}`).join("; ");
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}
