// The commands as people type them, against a controller as it really runs.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { FlagClient } from "../../packages/flags/src/index.ts";
import { type Bed, makeBed, readJournalCopy } from "../e2e/bed.ts";
import { boolean } from "./bed.ts";

const bin = fileURLToPath(new URL("../../bin/lastgood.js", import.meta.url));
const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

async function bedWithFlags(): Promise<Bed> {
  const bed = await makeBed({ extra: "    flags: { file: flags.json, envFiles: [app.env] }" });
  cleanings.push(bed.close);
  writeFileSync(join(bed.folder, "flags.json"), JSON.stringify({ flags: { "new-booking-flow": boolean } }));
  writeFileSync(join(bed.folder, "app.env"), "FEATURE_NEW_BOOKING_FLOW=true\n");
  return bed;
}

/** A controller that stays; resolves to its address. */
function serve(bed: Bed): Promise<string> {
  const child: ChildProcess = spawn(process.execPath, [bin, "--config", bed.config, "serve"], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  cleanings.push(() => new Promise((resolve) => child.on("exit", resolve) && child.kill("SIGTERM")));
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk) => {
      said += chunk;
      const url = /(http:\/\/127\.0\.0\.1:\d+)/.exec(said)?.[1];
      if (url) resolve(url);
    });
    child.on("exit", () => reject(new Error(said)));
  });
}

test("key, off, history, lift and doctor work on a running controller, and nothing of the key is kept", async () => {
  const bed = await bedWithFlags();
  const url = await serve(bed);
  const added = await bed.lastgood("--json", "flag", "key", "add", "the web app");
  const key = String(added.json()["key"]);
  const client = new FlagClient({ url, key, stateFile: null, name: "web-1" });
  cleanings.push(() => client.close());
  expect((await client.ready()).source).toBe("service");
  const off = await bed.lastgood("flag", "off", "new-booking-flow", "--why", "too many errors");
  expect(client.isOn("new-booking-flow", true)).toBe(false);
  expect(off).toMatchObject({ exit: 0 });
  expect(off.out).toMatch(/New-booking-flow is off \(false\); 1 of 1 processes confirmed it in \d+ ms/i);
  expect(readFileSync(join(bed.folder, "app.env"), "utf8")).toContain("FEATURE_NEW_BOOKING_FLOW=false");
  expect((await bed.lastgood("flag", "list")).out).toContain("too many errors");
  const shown = await bed.lastgood("flag", "show", "new-booking-flow");
  expect([shown.err, shown.out]).toEqual(["", expect.stringContaining("web-1")]);
  expect((await bed.lastgood("flag", "history")).out).toContain("new-booking-flow switched to off");
  expect((await bed.lastgood("flag", "doctor")).exit).toBe(0);
  expect((await bed.lastgood("flag", "lift", "new-booking-flow")).exit).toBe(0);
  expect(client.isOn("new-booking-flow")).toBe(true);
  const wrong = await bed.lastgood("flag", "off", "new-bookin-flow");
  expect([wrong.exit, wrong.err]).toEqual([2, expect.stringContaining("Did you mean new-booking-flow?")]);
  expect(JSON.stringify(readJournalCopy(bed))).not.toContain(key);
}, 120_000);

test("without a running controller a switch is written down, into the file too, and waits", async () => {
  const bed = await bedWithFlags();
  const off = await bed.lastgood("flag", "off", "new-booking-flow");
  expect([off.exit, off.err]).toEqual([4, expect.stringContaining("nobody confirmed it")]);
  expect(readFileSync(join(bed.folder, "app.env"), "utf8")).toContain("FEATURE_NEW_BOOKING_FLOW=false");
}, 60_000);
