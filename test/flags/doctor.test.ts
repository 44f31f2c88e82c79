// The doctor: which switch did not reach which process, and why; reads that are frozen; flags that had their day.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { flagDoctor } from "../../src/app/flag-doctor.ts";
import { examine, type FlagFacts } from "../../src/core/flags/doctor.ts";
import { scanSource } from "../../src/core/flags/scan.ts";
import { makeBed } from "../e2e/bed.ts";
import { type Bed, boolean, flagBed } from "./bed.ts";

const cleanings: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanings.splice(0).reverse()) await clean();
});

const flags = new Map([["new-booking-flow", boolean as never]]);

function reads(source: string): readonly string[] {
  return scanSource("app.js", source, flags).map(
    ({ line, flag, frozen }) => `${line} ${flag} ${frozen ? "frozen" : "live"}`,
  );
}

test.each([
  ["const on = process.env.FEATURE_NEW_BOOKING_FLOW === 'true';", ["1 new-booking-flow frozen"]],
  ["const on = () => process.env.FEATURE_NEW_BOOKING_FLOW === 'true';", ["1 new-booking-flow live"]],
  ["function on() {\n  return process.env['FEATURE_NEW_BOOKING_FLOW'];\n}", ["2 new-booking-flow live"]],
  [
    "if (process.env.NODE_ENV) {\n  on = process.env.FEATURE_NEW_BOOKING_FLOW;\n}",
    ["2 new-booking-flow frozen"],
  ],
  ["const { FEATURE_NEW_BOOKING_FLOW: on, PORT } = process.env;", ["1 new-booking-flow frozen"]],
  ["const env = { ...process.env };", ["1 null frozen"]],
  [
    "app.get('/', (request, response) => {\n  if (flags.isOn('new-booking-flow')) go();\n});",
    ["2 new-booking-flow live"],
  ],
  ['export const on = flags.isOn("new-booking-flow");', ["1 new-booking-flow frozen"]],
  [
    "class A {\n  get on() {\n    return process.env.FEATURE_NEW_BOOKING_FLOW;\n  }\n}",
    ["3 new-booking-flow live"],
  ],
  [
    "// process.env\nconst text = '{';\nconst on = process.env.FEATURE_NEW_BOOKING_FLOW;",
    ["3 new-booking-flow frozen"],
  ],
  ["const other = process.env.FEATURE_OTHER;", []],
])("in %j it finds %j", (source, found) => {
  expect(reads(source)).toEqual(found);
});

const facts: FlagFacts = { flags: [], instances: [], files: [], reads: null, now: Date.parse("2026-06-01") };
const off = { ...boolean, defaultVariant: "off" } as never;
const seen = {
  name: "f",
  flag: off,
  defined: boolean as never,
  switchedAt: 1,
  forcedInto: [],
  evaluations: 0,
  codeDefaults: [],
};

test("a process that follows flags is never blamed for what it was started with", () => {
  const listens = { current: true, kind: "env", connected: true };
  const instances = [{ name: "api-1", listens, started: new Map([["FEATURE_F", "true"]]) }];
  expect(examine({ ...facts, flags: [seen], instances })).toEqual([]);
  const silent = [{ name: "api-1", listens: { ...listens, current: false }, started: null }];
  expect(examine({ ...facts, flags: [seen], instances: silent })[0]?.what).toContain(
    "has not confirmed the newest state",
  );
});

test("flags that nobody reads and flags past their day are named, kill switches that are to stay are not", () => {
  const old = { ...boolean, metadata: { expires: "2026-01-01" } } as never;
  const kept = { ...boolean, metadata: { killSwitch: "permanent", expires: "2026-01-01" } } as never;
  const all = [
    { ...seen, name: "old", defined: old },
    { ...seen, name: "kept", defined: kept },
    { ...seen, name: "used", evaluations: 3 },
  ];
  const found = examine({ ...facts, flags: all, reads: [] });
  expect(found.map(({ flag, what }) => `${flag}: ${what}`)).toEqual([
    "old: nobody reads old: not the source, and no process since the controller started",
    "old: old was to end on 2026-01-01",
  ]);
});

test("a default in the code that is not the safe value is named", async () => {
  const bed: Bed = await flagBed({ flags: { risky: { ...boolean, metadata: { safeValue: false } } } });
  cleanings.push(bed.close);
  const client = bed.client();
  await client.ready();
  client.isOn("risky", true);
  await client.close();
  const doctor = await flagDoctor(bed.app, { env: "production", source: null });
  expect(doctor.data["findings"]).toMatchObject([
    {
      flag: "risky",
      severity: "look",
      what: "the code passes true as default of risky; its safe value is false",
    },
  ]);
});

test("fault 4 of the runbooks: an app that only reads .env did not hear of the switch, and the doctor says why", async () => {
  const bed = await makeBed({ extra: "    flags: { file: flags.json, envFiles: [app.env] }" });
  cleanings.push(bed.close);
  writeFileSync(join(bed.folder, "flags.json"), JSON.stringify({ flags: { "new-booking-flow": boolean } }));
  writeFileSync(join(bed.folder, "app.env"), "FEATURE_NEW_BOOKING_FLOW=true\n");
  const config = readFileSync(bed.config, "utf8");
  writeFileSync(
    bed.config,
    config.replace("env: { SHOP_DB", 'env: { FEATURE_NEW_BOOKING_FLOW: "true", SHOP_DB'),
  );
  const out = await bed.lastgood("deploy", "v1", "--yes", "--no-wait");
  expect([out.exit, out.err]).toEqual([0, expect.anything()]);
  await bed.lastgood("flag", "off", "new-booking-flow");
  expect(readFileSync(join(bed.folder, "app.env"), "utf8")).toContain("FEATURE_NEW_BOOKING_FLOW=false");
  const doctor = await bed.lastgood("--json", "flag", "doctor");
  expect(doctor.exit).toBe(1);
  const [first] = doctor.json()["findings"] as { what: string; next: string }[];
  expect(first?.what).toMatch(/^your switch of new-booking-flow did not take effect in web-v1-/);
  expect(first?.what).toMatch(/started with FEATURE_NEW_BOOKING_FLOW=true, the file .*app\.env says false/);
  expect(first?.next).toContain("--import=@lastgood/flags/env");
  const forced = await bed.lastgood("flag", "off", "new-booking-flow", "--force-live");
  expect([forced.exit, forced.out]).toEqual([
    0,
    expect.stringContaining("FEATURE_NEW_BOOKING_FLOW is false until it restarts"),
  ]);
  expect((await bed.lastgood("flag", "doctor")).exit).toBe(0);
}, 120_000);
