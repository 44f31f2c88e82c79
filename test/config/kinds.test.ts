// More than one kind of a part: how a second driver will be read, explained and shown.
import { expect, test } from "vitest";
import { z } from "zod";
import { explain } from "../../src/config/explain.ts";
import { exampleYaml } from "../../src/config/generate/example.ts";
import { referenceTables } from "../../src/config/generate/reference.ts";
import { type Field, fieldOf, leavesOf } from "../../src/config/shape.ts";
import { duration, name, path } from "../../src/config/values.ts";
import { readTree } from "../../src/config/yaml-tree.ts";

const about = { description: "Something to know." };
const traffic = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("proxy").meta(about), drain: duration().prefault("30s").meta(about) }),
  z.strictObject({
    kind: z.literal("nginx").meta(about),
    include: path("a.conf").meta(about),
    list: z.array(name("b")).meta(about),
  }),
]);
const field = fieldOf(z.strictObject({ traffic: traffic.meta(about) }));

function read(text: string, of: Field = field) {
  const { tree } = readTree(text);
  if (!tree) throw new Error("no tree");
  const { draft, mistakes } = explain(of, tree);
  return { draft, said: mistakes.map(({ what, fix }) => `${what} -> ${fix}`) };
}

test("each kind is read by its own keys", () => {
  expect(read("traffic: { kind: proxy }")).toEqual({
    draft: { traffic: { kind: "proxy", drain: { ms: 30_000 } } },
    said: [],
  });
  expect(read("traffic: { kind: nginx, drain: 1s, include: x, list: [y] }").said).toEqual([
    "`drain` is not a known key here -> move it to `traffic`",
  ]);
});

test("a kind that is near to one is read as that one", () => {
  expect(read("traffic: { kind: ngin, include: x }").said).toEqual([
    "expected proxy or nginx, found `ngin` -> write nginx",
    "`list` is missing -> add `list: [b]`",
  ]);
});

test("with no kind, or an unheard one, only keys that no kind has are refused", () => {
  expect(read("traffic: { kind: apache, include: [], frobnicate: 1 }").said).toEqual([
    "`frobnicate` is not a known key here -> remove it, or begin it with x- to keep it as a note; keys here: kind, drain, include, list",
    "expected proxy or nginx, found `apache` -> write proxy or nginx",
  ]);
  expect(read("traffic: { drain: 5 }").said).toEqual(["`kind` is missing -> add `kind: proxy`"]);
});

test("values are found below the kind that stands there", () => {
  const value = { traffic: { kind: "nginx", include: "a", list: ["b"] } };
  expect(leavesOf(field, value).map((leaf) => [leaf.path.join("."), leaf.title])).toEqual([
    ["traffic.kind", "proxy or nginx"],
    ["traffic.include", "path"],
    ["traffic.list.0", "name"],
  ]);
});

test("the example shows the first kind live and the others as comments, which also load", () => {
  const text = exampleYaml(field, ["Example"]);
  expect(text).toBe(`# Example

# Something to know. (required)
traffic:
  # Something to know. (proxy or nginx; required)
  kind: proxy
  # Something to know. (duration; default 30s)
  drain: 30s

  # or:
  # # Something to know. (proxy or nginx; required)
  # kind: nginx
  # # Something to know. (path; required)
  # include: a.conf
  # # Something to know. (list of texts; required)
  # list: [b]
`);
  expect(read(text).said).toEqual([]);
  const second = text
    .replace(/ {2}kind: proxy\n.*\n {2}drain: 30s\n/, "")
    .replace(/^( *)# (\w+: )/gm, "$1$2");
  expect(read(second)).toEqual({
    draft: { traffic: { kind: "nginx", include: "a.conf", list: ["b"] } },
    said: [],
  });
});

test("the reference page has a table a kind", () => {
  const page = referenceTables(field);
  expect(page).toContain("## `traffic` with `kind: proxy`");
  expect(page).toContain("## `traffic` with `kind: nginx`");
});
