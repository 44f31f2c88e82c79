// Apps that only read process.env: the preload keeps it live, from the service and from a mounted folder; the file stays in step.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { buildFlags } from "../../packages/flags/build.ts";
import { envFile } from "../../src/drivers/flags/env-file.ts";
import { localFiles } from "../../src/os/files.ts";
import { boolean, flagBed, until } from "./bed.ts";

const built = mkdtempSync(join(tmpdir(), "lastgood-flags-built-"));
const cleanings: (() => unknown)[] = [];
beforeAll(() => buildFlags(built), 60_000);
afterAll(() => rmSync(built, { recursive: true }));
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

const flags = { "new-booking-flow": boolean };
const text = `# the app's settings
PORT=8080
export FEATURE_NEW_BOOKING_FLOW="true" # read on each request

SECRET='a b # c'
`;

async function bedWithFile() {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-env-"));
  const file = join(folder, ".env");
  writeFileSync(file, text, { mode: 0o640 });
  const bed = await flagBed({ flags, mirrors: [envFile(file, localFiles())] });
  cleanings.push(() => rmSync(folder, { recursive: true }), bed.close);
  return { bed, folder, file };
}

function app(env: Record<string, string>, args: readonly string[] = [], preload = "esm/env-import.js") {
  const flag = preload.startsWith("esm")
    ? `--import=${pathToFileURL(join(built, preload))}`
    : `--require=${join(built, preload)}`;
  const child: ChildProcess = spawn(process.execPath, [join(import.meta.dirname, "env-app.cjs"), ...args], {
    env: { PATH: process.env["PATH"] ?? "", NODE_OPTIONS: flag, OTHER_SETTING: "mine", ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  cleanings.push(() => child.kill("SIGKILL"));
  const said: string[] = [];
  child.stdout?.on("data", (chunk) => said.push(...String(chunk).trim().split("\n")));
  return {
    said,
    last: (where: string) => said.findLast((line) => line.startsWith(`${where} `))?.split(" ")[1],
  };
}

test("a flag that is off is off in process.env of main thread, worker and cluster when `flag off` returns", async () => {
  const { bed } = await bedWithFile();
  const env = { LASTGOOD_FLAGS_URL: bed.url, LASTGOOD_FLAGS_KEY: bed.key, FEATURE_NEW_BOOKING_FLOW: "true" };
  const { last, said } = app(env, ["all"]);
  await until(() => bed.env.subscribers.list().length === 3, 30_000);
  await until(() => ["main", "worker", "cluster"].every((where) => last(where) === "true"), 30_000);
  const off = await bed.turn("new-booking-flow", "off");
  expect(off.what).toContain("3 of 3 processes confirmed it");
  await until(() => ["main", "worker", "cluster"].every((where) => last(where) === "false"));
  expect(said.at(-1)).toContain("frozen true other mine");
}, 60_000);

test("from a mounted folder alone, and with --require, the file is followed", async () => {
  const { bed, folder } = await bedWithFile();
  const { last } = app({ LASTGOOD_FLAGS_DIR: folder, FEATURE_NEW_BOOKING_FLOW: "none" }, [], "cjs/env.js");
  await until(() => last("main") === "true", 30_000);
  await bed.turn("new-booking-flow", "off");
  await until(() => last("main") === "false");
}, 60_000);

test("an app that closes its client as its last act ends in order", async () => {
  const { bed } = await bedWithFile();
  const script = `import { FlagClient } from ${JSON.stringify(pathToFileURL(join(built, "esm/index.js")).href)};
const client = new FlagClient({ url: "${bed.url}", key: "${bed.key}", stateFile: null });
await client.ready();
if (!client.isOn("new-booking-flow")) process.exit(9);
await client.close();`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { stdio: "inherit" });
  expect(await new Promise((resolve) => child.on("exit", resolve))).toBe(0);
  expect(bed.env.subscribers.list()).toEqual([]);
  expect(bed.env.counts.of("new-booking-flow")?.variants).toEqual({ on: 1 });
}, 60_000);

test("with neither service nor folder the app runs as before", async () => {
  const env = {
    LASTGOOD_FLAGS_URL: "http://127.0.0.1:1",
    LASTGOOD_FLAGS_KEY: "none",
    LASTGOOD_FLAGS_DIR: "/nowhere",
  };
  const { last } = app({ ...env, LASTGOOD_FLAGS_WAIT_MS: "50", FEATURE_NEW_BOOKING_FLOW: "own" });
  await until(() => last("main") === "own", 30_000);
}, 60_000);

test("the file says what the flag is; comments, order, quotes, mode and all else stay", async () => {
  const { bed, file } = await bedWithFile();
  await bed.turn("new-booking-flow", "off");
  const lines = readFileSync(file, "utf8").split("\n");
  expect(lines.slice(0, 5)).toEqual(text.replace('"true"', '"false"').split("\n").slice(0, 5));
  expect(lines[5]).toMatch(/^# lastgood: flags of version \d+ \(sum [0-9a-f]{12}\)$/);
  expect(statSync(file).mode & 0o777).toBe(0o640);
});

test("what a person writes into the file is a switch like any other, and reaches every process", async () => {
  const { bed, file } = await bedWithFile();
  await bed.look();
  const client = bed.client();
  await client.ready();
  writeFileSync(file, readFileSync(file, "utf8").replace('"true"', '"off"'));
  await bed.look();
  await until(() => !client.isOn("new-booking-flow", true));
  expect(bed.env.state().history.at(-1)).toMatchObject({ by: "the .env file", variant: "off" });
  expect(readFileSync(file, "utf8")).toContain('FEATURE_NEW_BOOKING_FLOW="false" # read');
});

test("a file that says something else when it is first seen is believed: nothing is switched on behind its back", async () => {
  const { bed, file } = await bedWithFile();
  writeFileSync(file, text.replace('"true"', '"false"'));
  await bed.look();
  expect(bed.env.state().overrides["new-booking-flow"]).toMatchObject({
    variant: "off",
    by: "the .env file",
  });
});

test("a write that a crash cut off is made up for, and does not undo the switch", async () => {
  const { bed, file } = await bedWithFile();
  await bed.look();
  const before = readFileSync(file, "utf8");
  await bed.turn("new-booking-flow", "off");
  writeFileSync(file, before);
  await bed.look();
  expect(bed.env.state().overrides["new-booking-flow"]?.variant).toBe("off");
  expect(readFileSync(file, "utf8")).toContain('FEATURE_NEW_BOOKING_FLOW="false"');
});
