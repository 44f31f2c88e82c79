#!/usr/bin/env node
// Starts the CLI: compiled where it is installed, from source in a clone.
import { existsSync, readFileSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";

const [major] = process.versions.node.split(".");
if (Number(major) < 24) {
  console.error(`Lastgood needs Node 24 or newer; this is ${process.version}. In a clone, say: npm run demo`);
  process.exit(2);
}
// Commands that people wait for in an emergency begin sooner when their code need not be compiled again.
// In a folder of the user's own: what lies in a shared one could be anybody's.
enableCompileCache(join(homedir(), ".cache", "lastgood"));
const source = new URL("../src/main.ts", import.meta.url);
const { main } = await import(
  existsSync(source) ? source.href : new URL("../dist/main.js", import.meta.url).href
);
const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"));
await main(process.argv.slice(2), version);
