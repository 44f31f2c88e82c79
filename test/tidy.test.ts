// The project's order, as a test: who imports whom, who touches the world, how long things may get. docs/STYLE.md.
import { expect, test } from "vitest";
import { checkBounds, cycles, importsOf, staleGrants } from "./tidy/bounds.ts";
import { checkFileLength, checkFunctionLength, checkPorts, figures, type Wide } from "./tidy/budget.ts";
import { checkDependencies } from "./tidy/dependencies.ts";
import { checkPaths, type Meant } from "./tidy/machine-paths.ts";
import { type Allowed, checkNames, fileName } from "./tidy/names.ts";
import { checkPage } from "./tidy/pages.ts";
import { told } from "./tidy/parse.ts";
import { checkShell, checkStyle } from "./tidy/style.ts";
import { rooms } from "./tidy/table.ts";
import { contentOf, sourcesIn, tracked } from "./tidy/tree.ts";

const src = sourcesIn(["src"]);
const product = [...src, ...sourcesIn(["scripts", "bench", "examples", "bin"])];
const tests = sourcesIn(["test"]);

/** Ports that are wider than six methods, each with its reason. */
const widePorts: Readonly<Record<string, Wide>> = {
  Journal: {
    methods: 8,
    why: "one file under one lock: epoch, facts and the state of its disk cannot be told apart",
  },
  Database: {
    methods: 9,
    why: "what is restored beside while people go on must be apart from the swap, for which they wait; moments are for salvage, and copies that a crash left are swept",
  },
};

const names: Allowed = {
  "src/config/schema.ts Service": "the app's own service, as the config has it",
};

const paths: Meant = {
  "examples/shop/lastgood.yml": {
    paths: /^.tmp.lastgood-shop\//,
    why: "an example that runs as it is needs one whole path that every machine has",
  },
  "examples/shop/README.md": {
    paths: /^.tmp.shop\.db$/,
    why: "a line to copy, in a folder that every machine has",
  },
};

test("every import and every touch of the world is allowed by the table", () => {
  expect(told(checkBounds(rooms, src).breaches)).toEqual([]);
});

test("the table grants nothing that nobody uses", () => {
  expect(staleGrants(rooms, checkBounds(rooms, src).used)).toEqual([]);
});

test("the check really reads the tree", () => {
  expect(src.length).toBeGreaterThan(150);
  const seen = src.flatMap(importsOf).map(({ from, to }) => `${from} ${to}`);
  expect(seen).toContain("src/core/digest.ts node:crypto");
  expect(seen).toContain("src/engine/run.ts ../core/run.ts");
});

test("no imports lead in a circle", () => {
  expect(cycles(src)).toEqual([]);
});

test("nothing uses enum, any, non-null !, a default export, or hides an error", () => {
  expect(told(product.flatMap(checkStyle))).toEqual([]);
});

test("nothing starts a shell", () => {
  expect(told([...product, ...tests].flatMap(checkShell))).toEqual([]);
});

test("no file is longer than 400 lines", () => {
  expect(told([...product, ...tests].flatMap(checkFileLength))).toEqual([]);
});

test("no function of the product is longer than 70 lines", () => {
  expect(told(product.flatMap(checkFunctionLength))).toEqual([]);
});

test("files and functions are mostly short", () => {
  const { fileLines, functionLines, imports } = figures(src);
  expect(fileLines.p50).toBeLessThanOrEqual(90);
  expect(fileLines.p95).toBeLessThanOrEqual(240);
  expect(functionLines.p95).toBeLessThanOrEqual(40);
  expect(imports.p50).toBeLessThanOrEqual(8);
});

test("no port has more than six methods, but for those that say why", () => {
  const ports = src.filter(({ file }) => file.startsWith("src/ports/"));
  expect(told(ports.flatMap((source) => checkPorts(source, widePorts)))).toEqual([]);
  expect(ports.length).toBeGreaterThan(10);
});

test("names say what a thing does", () => {
  expect(told(product.flatMap((source) => checkNames(source, names)))).toEqual([]);
  expect(told(tests.flatMap(({ file }) => fileName(file)))).toEqual([]);
});

test("at most eight packages come along, each with its reason in docs/DEPENDENCIES.md", () => {
  expect(checkDependencies(contentOf("package.json"), contentOf("docs/DEPENDENCIES.md"))).toEqual([]);
});

test("pages name files that are there, and the architecture names every room", () => {
  const all = tracked();
  // Of the app's files, not of ours.
  const own = (name: string) =>
    ["lastgood.yml", "faults.json", "journal.ndjson", "backup.json", "unfinished.json"].includes(name);
  const pages = all.filter((file) => file.endsWith(".md") && !file.startsWith("examples/"));
  const breaches = pages.flatMap((page) => checkPage(page, contentOf(page), all));
  expect(told(breaches.filter(({ what }) => !own(what.split(" ")[0] ?? "")))).toEqual([]);
  const architecture = contentOf("docs/ARCHITECTURE.md");
  expect(rooms.filter(({ room }) => !architecture.includes(`\`${room}\``))).toEqual([]);
});

test("no tracked file names a path of one machine", () => {
  // The samples of the check itself are such paths.
  const files = tracked().filter((file) => !file.startsWith("test/tidy/"));
  expect(told(files.flatMap((file) => checkPaths(file, contentOf(file), paths)))).toEqual([]);
  expect(files.length).toBeGreaterThan(200);
});
