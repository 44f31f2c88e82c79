// Checks imports and uses of the world against the table.
import { posix } from "node:path";
import { type Breach, breach, isNode, type Node, nameOf, type Source, textOf } from "./parse.ts";
import { type Reach, reaches } from "./reach.ts";
import type { Room } from "./table.ts";

export type Import = { readonly from: string; readonly to: string; readonly node: Node };

/** Every way in which a file names another: import, export from, import(), import types, `new URL(…, import.meta.url)`. */
export function importsOf(source: Source): readonly Import[] {
  return source.nodes.flatMap(({ node }) => {
    const to = namedBy(node);
    return to === null ? [] : [{ from: source.file, to, node }];
  });
}

function namedBy(node: Node): string | null {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
    case "TSImportType":
      return nameOf(node["source"]);
    case "ImportExpression":
      // A computed one could be anything: it is named so that no table allows it.
      return textOf(node["source"]) ?? "(computed)";
    case "TSExternalModuleReference":
      return nameOf(node["expression"]);
    case "NewExpression":
      return urlBeside(node);
    default:
      return null;
  }
}

function urlBeside(node: Node): string | null {
  const [path, base] = node["arguments"] as readonly unknown[];
  if (nameOf(node["callee"]) !== "URL" || !isNode(base) || base.type !== "MemberExpression") return null;
  const object = base["object"];
  const isOurs = isNode(object) && object.type === "MetaProperty" && nameOf(base["property"]) === "url";
  const to = textOf(path);
  return isOurs && to !== null && /\.m?[jt]s$/.test(to) ? to : null;
}

/** `src/core/plan/plan.ts` for `../plan/plan.ts` seen from there; null for packages. */
export function resolved({ from, to }: Pick<Import, "from" | "to">): string | null {
  return to.startsWith(".") ? posix.join(posix.dirname(from), to) : null;
}

export function roomOf(rooms: readonly Room[], file: string): Room | null {
  const inside = file.replace(/^src\//, "");
  const fits = rooms.filter(({ room }) => inside === room || inside.startsWith(`${room}/`));
  return fits.sort((a, b) => b.room.length - a.room.length)[0] ?? null;
}

/** Breaches of the table; which rooms have files, and which grants were used (`room|file|grant`). */
export type Bounds = { readonly breaches: readonly Breach[]; readonly used: ReadonlySet<string> };

export function checkBounds(rooms: readonly Room[], sources: readonly Source[]): Bounds {
  const known = new Set(sources.map(({ file }) => file));
  const used = new Set<string>();
  const breaches = sources.flatMap((source) => {
    const room = roomOf(rooms, source.file);
    if (!room) return [{ file: source.file, line: 1, what: "is in no room of the table" }];
    used.add(room.room);
    const imports = importsOf(source).flatMap((one) => {
      const what = wrongImport(rooms, room, known, one, used);
      return what === null ? [] : [breach(source, one.node, what)];
    });
    const touched = reaches(source).flatMap((reach) => wrongReach(room, source, reach, used));
    return [...imports, ...touched];
  });
  return { breaches, used };
}

function wrongImport(
  rooms: readonly Room[],
  room: Room,
  known: ReadonlySet<string>,
  one: Import,
  used: Set<string>,
): string | null {
  const file = resolved(one);
  if (file === null) {
    const name = packageOf(one.to);
    return granted(room, one.from, name, used) ? null : `${room.room} may not import ${name}`;
  }
  if (file === "src/main.ts") return "nobody may import main.ts";
  // What the demo plays with ships in the package too.
  if (file.startsWith("examples/") && room.room === "demo") return null;
  if (!known.has(file)) return `${one.to} names no source file`;
  const other = roomOf(rooms, file)?.room ?? file;
  const may = other === room.room || room.imports.includes("*") || room.imports.includes(other);
  return may ? null : `${room.room} may not import ${other} (${one.to})`;
}

/** `hono` for `hono/streaming`, `@hono/node-server` as it is; node's modules by their whole name. */
export function packageOf(specifier: string): string {
  if (specifier.startsWith("node:")) return specifier;
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

function wrongReach(
  room: Room,
  source: Source,
  { grant, what, node }: Reach,
  used: Set<string>,
): readonly Breach[] {
  return granted(room, source.file, grant, used)
    ? []
    : [breach(source, node, `${room.room} may not use ${what}`)];
}

function granted(room: Room, file: string, grant: string, used: Set<string>): boolean {
  const inside = file.slice(`src/${room.room}/`.length);
  const [key, grants] = Object.hasOwn(room.files?.[inside] ?? {}, grant)
    ? [inside, room.files?.[inside]]
    : ["", room.grants];
  if (grants === undefined || !Object.hasOwn(grants, grant)) return false;
  used.add(`${room.room}|${key}|${grant}`);
  return true;
}

/** Grants that nothing uses, of rooms that have files. */
export function staleGrants(rooms: readonly Room[], used: ReadonlySet<string>): readonly string[] {
  const open = rooms.filter(({ room }) => used.has(room));
  return open.flatMap(({ room, grants, files }) => {
    const all = Object.entries({ "": grants, ...files });
    const keys = all.flatMap(([file, some]) => Object.keys(some).map((grant) => `${room}|${file}|${grant}`));
    return keys.filter((key) => !used.has(key));
  });
}

/** Chains of imports that lead back to where they began, each told once. */
export function cycles(sources: readonly Source[]): readonly string[] {
  const next = new Map(
    sources.map((source) => [source.file, importsOf(source).flatMap((one) => resolved(one) ?? [])]),
  );
  const done = new Set<string>();
  const found: string[] = [];
  const follow = (file: string, way: readonly string[]): void => {
    const begun = way.indexOf(file);
    if (begun >= 0) found.push([...way.slice(begun), file].join(" -> "));
    if (begun >= 0 || done.has(file)) return;
    for (const to of next.get(file) ?? []) follow(to, [...way, file]);
    done.add(file);
  };
  for (const { file } of sources) follow(file, []);
  return [...new Set(found)];
}
