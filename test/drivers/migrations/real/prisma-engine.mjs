// Stands where Prisma's program starts its schema engine, which can't be had from npm as a binary: the same engine as
// WebAssembly, asked by the same lines of JSON. What the program says and the engine decides is Prisma's own.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const unknownCommand = 4466; // what the binary answers for every failure of its own
const modules = process.env.PRISMA_MODULES;
const args = process.argv.slice(2);
const values = (flag) => args.filter((_, at) => args[at - 1] === flag);
if (args.includes("cli")) process.exit(0); // "is the database there?": the next question shows it

const load = (path) => import(pathToFileURL(join(modules, path)).href);
const { PrismaPg } = await load("@prisma/adapter-pg/dist/index.mjs");
const { bindMigrationAwareSqlAdapterFactory } = await load("@prisma/driver-adapter-utils/dist/index.mjs");
const glue = await load("@prisma/schema-engine-wasm/schema_engine_bg.js");
const bytes = readFileSync(join(modules, "@prisma/schema-engine-wasm/schema_engine_bg.wasm"));
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), {
  "./schema_engine_bg.js": glue,
});
glue.__wbg_set_wasm(exports);
exports.__wbindgen_start();

const [source] = values("--datasource").map((text) => JSON.parse(text));
const schema = new URL(source.url).searchParams.get("schema");
const datamodels = values("--datamodels").map((path) => [path, readFileSync(path, "utf8")]);
// As the binary does: the schema of the URL is where names without one lead, and a migration is sent as it is. (The
// adapter alone cuts it at each semicolon.)
const path = schema === null ? {} : { options: `-c search_path="${schema}"` };
const adapter = new PrismaPg({ connectionString: source.url, ...path }, schema === null ? {} : { schema });
const connect = adapter.connect.bind(adapter);
adapter.connect = async () => {
  const open = await connect();
  open.executeScript = async (script) => {
    await open.client.query(script).catch((error) => open.onError(error));
  };
  return open;
};
const bound = bindMigrationAwareSqlAdapterFactory(adapter);
const engine = await glue.SchemaEngine.new({ datamodels }, () => {}, bound);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  const reply = (rest) => process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...rest })}\n`);
  try {
    const result = await engine[method === "getDatabaseVersion" ? "version" : method](params);
    reply({ result: result ?? null });
  } catch ({ message, code }) {
    const data = { is_panic: false, message, error_code: code };
    reply({ error: { code: unknownCommand, message, data } });
  }
}
process.exit(0);
