// Smoke flows from the config against a real HTTP server, and a script that drives a real browser.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { flowsOf, flowToolsOf } from "../../../src/compose/flows.ts";
import { thisMachine } from "../../../src/compose/machine.ts";
import type { Json } from "../../../src/core/json.ts";
import { ok } from "../../../src/core/result.ts";
import type { StepContext } from "../../../src/ports/step.ts";
import type { World } from "../../../src/ports/world.ts";
import { smokeRun } from "../../../src/steps/smoke-run.ts";
import { loaded, said, withLines } from "../../config/sample.ts";
import { chromium } from "../../parts/chromium.ts";
import { describeWith } from "../../parts/needs.ts";
import { type App, password, startApp } from "./app.ts";

const apps: App[] = [];
const folder = mkdtempSync(join(tmpdir(), "flows-"));
writeFileSync(join(folder, "password"), `${password}\n`);

afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));

const order = `
flows:
  order:
    with: { item: rice }
    secrets: { pw: { file: ${join(folder, "password")} } }
    steps:
      - { name: page, path: /login, capture: { csrf: { match: 'value="([^"]{1,40})"' } } }
      - name: sign in
        method: POST
        path: /login
        form: { csrf: "{csrf}", password: "{pw}" }
        capture: { where: { header: location } }
        expect: { status: 302 }
      - { path: "{where}", expect: { json: { /state: paid }, headers: { content-type: json } } }
      - name: order
        method: POST
        path: /orders
        json: { item: "{item} {unique}" }
        capture: { id: { json: /id } }
        expect: { status: 201, contains: [rice], within: 20s }
      - { path: "/orders/{id}", expect: { json: { /path: /orders/42 } } }
`;

async function app(options = {}): Promise<App> {
  const one = await startApp(options);
  apps.push(one);
  return one;
}

type Want = {
  readonly yaml: string;
  readonly app: App;
  readonly public?: boolean;
  readonly earlier?: Json;
  readonly onlyLook?: boolean;
};

function run({ yaml, app: { url }, public: isPublic = false, earlier, onlyLook }: Want) {
  const section = loaded(withLines(...yaml.trim().split("\n"))).environments["production"];
  if (!section) throw new Error("no production");
  const machine = thisMachine();
  const tools = flowToolsOf(section, machine);
  const instance = {
    id: "i",
    service: "web",
    release: "r",
    op: "o",
    url,
    state: "running",
    health: "unsaid",
    lastLines: [],
  };
  const world = {
    http: machine.http,
    clock: machine.clock,
    flows: tools && { ...tools, publicSide: () => ({ url, host: null }) },
    runtime: { instances: async () => ok([instance]) },
  } as unknown as World;
  const op = { id: "op-0123456789", epoch: 1, signal: new AbortController().signal };
  const step = () => (earlier === undefined ? null : { op: "before", evidence: earlier });
  const context = { world, op, step, before: null } as unknown as StepContext;
  const flows = flowsOf(section).map((one) => one.flow) as unknown as Json;
  const input = {
    service: "web",
    release: "r",
    checks: [],
    flows,
    ...(isPublic ? { through: "public" } : {}),
    ...(earlier === undefined ? {} : { before: "flows-before" }),
    ...(onlyLook ? { onlyLook } : {}),
  };
  return smokeRun.run(context, input);
}

test("signs in with a token and a secret, follows, orders, and finds its order", async () => {
  const one = await app();
  const ran = await run({ yaml: order, app: one });
  expect(ran).toMatchObject({
    ok: true,
    value: {
      flows: [
        { status: 200 },
        { status: 302 },
        { step: "GET {where}" },
        { step: "order", status: 201, keys: ["id", "item", "state"] },
        {},
      ],
    },
  });
  expect(one.seen.at(-1)).toBe("GET /orders/42 sid=abcdef; theme=dark");
});

test("neither secrets nor what was captured stand in evidence or messages", async () => {
  const good = await run({ yaml: order, app: await app() });
  const wrong = order.replace("{csrf}", "wrong-token");
  const bad = await run({ yaml: wrong, app: await app() });
  expect(bad).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining("flow order, sign in: it gave 401, expected 302: wrong:") },
  });
  for (const text of [JSON.stringify(good), JSON.stringify(bad)]) {
    expect(text).not.toContain("p&ss");
    expect(text).not.toContain("p%26ss");
    expect(text).not.toContain("t0k3n");
    expect(text).not.toContain("abcdef");
  }
  expect(JSON.stringify(bad)).toContain("[secret]");
});

test("a release that fails a flow is told with flow, step and what it gave", async () => {
  const ran = await run({ yaml: order, app: await app({ broken: true }) });
  expect(ran).toMatchObject({
    ok: false,
    error: {
      code: "unhealthy",
      what: expect.stringContaining("flow order, order: it gave 500, expected 201"),
    },
  });
});

test("through the public port the answers are compared with those of before", async () => {
  const before = await run({ yaml: order, app: await app(), public: true, onlyLook: true });
  const earlier = before.ok ? before.value : null;
  const after = await run({ yaml: order, app: await app(), public: true, earlier });
  expect(after).toMatchObject({
    ok: true,
    value: { compared: [{}, {}, {}, { step: "order", status: [201, 201], note: null }, {}] },
  });
});

test("a look before the switch fails nothing", async () => {
  const ran = await run({ yaml: order, app: await app({ broken: true }), public: true, onlyLook: true });
  expect(ran).toMatchObject({ ok: true, value: { look: expect.stringContaining("gave 500") } });
});

test("a secret that is not there is a problem before any request", async () => {
  const one = await app();
  const ran = await run({ yaml: order.replace(join(folder, "password"), join(folder, "nothing")), app: one });
  expect([ran.ok, one.seen]).toEqual([false, []]);
});

test("a flow never leaves its app: of a whole address only what follows the host counts", async () => {
  const one = await app();
  const yaml = order
    .replace("with: { item: rice }", "with: { item: rice, page: 'http://other.invalid/login' }")
    .replace("path: /login, capture", "path: '{page}', capture");
  expect((await run({ yaml, app: one })).ok).toBe(true);
  expect(one.seen[0]).toBe("GET /login -");
});

const scripted = (file: string) => `
flows:
  browser:
    with: { COLOUR: dark }
    secrets: { PW: { file: ${join(folder, "password")} } }
    playwright: ${file}
    timeout: 60s
`;

function script(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

test("a script gets address, variables and secrets by its environment; what it prints is hidden and told", async () => {
  const file = script(
    "env.mjs",
    "console.log(process.env.LASTGOOD_BASE_URL, process.env.COLOUR, process.env.PW); process.exit(3);",
  );
  const one = await app();
  const ran = await run({ yaml: scripted(file), app: one });
  expect(ran).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining(`exit code 3. Its last lines:\n    ${one.url} dark [secret]`) },
  });
});

test("a script that takes too long is ended and told", async () => {
  const file = script("slow.mjs", "setInterval(() => undefined, 1000);");
  const ran = await run({ yaml: scripted(file).replace("60s", "300ms"), app: await app() });
  expect(ran).toMatchObject({ ok: false, error: { what: expect.stringContaining("took more than 300 ms") } });
});

test.each([
  ["flows: { a: { timeout: 1s } }", "a flow has steps or a script"],
  ["flows: { a: { steps: [ { path: /, json: { password: hunter2 } } ] } }", "`password` looks like a secret"],
  ["flows: { a: { steps: [ { path: /, capture: { id: { match: 'a+' } } } ] } }", "no upper bound"],
  ["flows: { a: { steps: [ { path: /, expect: { json: { state: paid } } } ] } }", "not a JSON pointer"],
  ["flows: { a: { secrets: { PW: {} }, steps: [ { path: / } ] } }", "a secret has one place"],
])("a mistake in a flow is said: %s", (line, words) => {
  expect(said(withLines(line)).join("\n")).toContain(words);
});

const withChromium = await describeWith("chromium");

withChromium("a browser", () => {
  test("a Playwright script signs in through a real browser", { timeout: 120_000 }, async () => {
    const { executablePath, args } = await chromium();
    const library = import.meta.resolve("playwright-core");
    const launch = JSON.stringify({ executablePath, args });
    const file = script(
      "login.mjs",
      `import playwright from ${JSON.stringify(library)};
const browser = await playwright.chromium.launch(${launch});
const page = await browser.newPage();
await page.goto(process.env.LASTGOOD_BASE_URL + "/login");
const token = await page.locator("input[name=csrf]").inputValue();
await browser.close();
if (token !== "t0k3n-1234") throw new Error("no token");
console.log("signed in");
`,
    );
    const ran = await run({ yaml: scripted(file), app: await app() });
    expect(ran).toMatchObject({ ok: true, value: { flows: [{ flow: "browser", step: "script" }] } });
  });
});
