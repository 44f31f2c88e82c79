import { execFileSync } from "node:child_process";
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { redactor } from "../../../src/drivers/runtime/process/redact.ts";
import { until } from "../../os/programs.ts";
import { op, processBed, value } from "./process-bed.ts";

const SECRET = "s3cr3t/Sentinel+value";
const PEM = "-----BEGIN-----\nsecretlineone\nsecretlinetwo\n-----END-----";
const ENV_FILE = `# comment
API_TOKEN=${SECRET}
export DATABASE_URL="postgres://app:p%40ssw0rd-x@db/app"
PEM_KEY="${PEM}"
PIN_PASS=a1b
DEBUG=true
`;

async function bedWithSecrets(program: string) {
  const bed = await processBed();
  const envFile = join(bed.folder, "production.env");
  await writeFile(envFile, ENV_FILE);
  await bed.version("v3", program);
  return { bed, envFile, runtime: bed.with({ envFile }) };
}

test("the instance gets the secrets, and neither argv, records, manifest nor results have them", async () => {
  const { bed, runtime } = await bedWithSecrets(
    'console.log(process.env.API_TOKEN.length, process.env.PEM_KEY.split("\\n").length); setInterval(() => {}, 1000)',
  );
  const release = value(await runtime.capture("v3"));
  const instance = value(await runtime.start(op("start"), "web", release));
  await until(async () => (value(await runtime.instances("web"))[0]?.lastLines.length ?? 0) > 0);
  const shown = value(await runtime.instances("web"));
  expect(shown[0]?.lastLines).toEqual([`${SECRET.length} 4`]);

  const seen = [
    execFileSync("ps", ["-e", "-o", "args="], { encoding: "utf8" }),
    JSON.stringify([release, instance, shown, await runtime.available(release)]),
  ];
  for (const path of await readdir(bed.stateDir, { recursive: true })) {
    const full = join(bed.stateDir, path);
    if (!(await stat(full)).isFile()) continue;
    expect(`${path} ${((await stat(full)).mode & 0o077) === 0 || path.includes("/files/")}`).toBe(
      `${path} true`,
    );
    if (!path.endsWith("/web/env")) seen.push(await readFile(full, "utf8"));
  }
  expect(seen.length).toBeGreaterThan(5);
  for (const text of seen) expect(text).not.toMatch(/Sentinel|p%40ssw0rd|p@ssw0rd|secretline/);
});

test("secrets that an app prints are taken out of its last lines, in every shape", async () => {
  const program = `const secret = process.env.API_TOKEN;
    console.log("plain", secret);
    console.log("\\u001b[31mred", secret, "\\u001b[0m");
    console.log("url", encodeURIComponent(secret));
    console.log("json", JSON.stringify({ secret, pem: process.env.PEM_KEY }));
    console.log("basic", Buffer.from("user:" + secret).toString("base64"));
    console.log("hex", Buffer.from(secret).toString("hex"));
    console.log("connecting with p@ssw0rd-x to", process.env.DATABASE_URL);
    console.log(process.env.PEM_KEY);
    console.log("pin", process.env.PIN_PASS, "debug", process.env.DEBUG);
    process.exitCode = 1;`;
  const { bed, runtime } = await bedWithSecrets(program);
  const release = value(await runtime.capture("v3"));
  const instance = value(await runtime.start(op("start"), "web", release));
  await until(async () => value(await runtime.instances("web"))[0]?.state === "exited");
  const text = value(await runtime.instances("web"))[0]?.lastLines.join("\n") ?? "";
  expect(text).toContain("plain [secret]\nred [secret] \nurl [secret]\n");
  expect(text).toContain("connecting with [secret] to [secret]");
  expect(text).toContain("pin [secret] debug true");
  const hex = Buffer.from(SECRET).toString("hex");
  const base64 = Buffer.from(`user:${SECRET}`).toString("base64").slice(8, -4);
  for (const part of ["Sentinel", "secretline", "ssw0rd", hex, base64]) expect(text).not.toContain(part);
  const log = await readFile(join(bed.stateDir, "instances", `${instance.id}.log`), "utf8");
  expect(log).toContain("Sentinel"); // the app's own log is its own; it is 0600 and goes with the release
  value(await runtime.forget(op("forget"), release.id));
  expect(await readdir(join(bed.stateDir, "instances"))).toEqual([]);
});

test("another env file is another release; a lost or changed one in the store is damage", async () => {
  const { bed, envFile, runtime } = await bedWithSecrets("setInterval(() => {}, 1000)");
  const release = value(await runtime.capture("v3"));
  const stored = join(bed.stateDir, "releases", release.id, "web", "env");
  expect(await readFile(stored, "utf8")).toBe(ENV_FILE);
  await writeFile(envFile, `${ENV_FILE}MORE=1\n`);
  expect(value(await runtime.capture("v3")).digest).not.toBe(release.digest);
  expect(await runtime.available(release)).toMatchObject({ ok: true });

  await writeFile(stored, "API_TOKEN=other");
  const changed = await runtime.available(release);
  expect(changed).toMatchObject({
    ok: false,
    error: { code: "damaged", what: expect.stringContaining("env file is changed") },
  });
  expect(await runtime.start(op("start"), "web", release)).toMatchObject({
    ok: false,
    error: { code: "damaged" },
  });
  await rm(stored);
  const lost = await runtime.available(release);
  expect(lost).toMatchObject({
    ok: false,
    error: { code: "damaged", what: expect.stringContaining("env file is lost") },
  });
  expect(await bed.aliveCount(release.id)).toBe(0);
});

test("an env file that is not there is told with its path", async () => {
  const { envFile, runtime } = await bedWithSecrets("");
  await rm(envFile);
  expect(await runtime.capture("v3")).toMatchObject({
    ok: false,
    error: { code: "missing", where: envFile },
  });
});

test("last lines are the newest twenty, bounded in length, without terminal codes", async () => {
  const bed = await processBed();
  await bed.version(
    "v3",
    `for (let i = 1; i <= 30; i++) console.log("line " + i);
    console.log("\\u001b]0;title\\u0007bell\\u0007 \\u202eevil");
    console.log("x".repeat(2000));`,
  );
  const release = value(await bed.runtime.capture("v3"));
  value(await bed.runtime.start(op("start"), "web", release));
  await until(async () => value(await bed.runtime.instances("web"))[0]?.state === "exited");
  const lines = value(await bed.runtime.instances("web"))[0]?.lastLines ?? [];
  expect(lines).toHaveLength(20);
  expect(lines[0]).toBe("line 13");
  expect(lines[18]).toBe("bell\ufffd \ufffdevil");
  expect(lines[19]).toBe(`${"x".repeat(500)}…`);
});

test("a secret that is cut by the beginning of the tail is not shown in part", async () => {
  const { runtime } = await bedWithSecrets(
    // The tail begins in the middle of the first line's secret.
    'process.stdout.write("token " + process.env.API_TOKEN + "\\n" + "y".repeat(65536 - 12) + "\\nend\\n")',
  );
  const release = value(await runtime.capture("v3"));
  value(await runtime.start(op("start"), "web", release));
  await until(async () => value(await runtime.instances("web"))[0]?.state === "exited");
  const lines = value(await runtime.instances("web"))[0]?.lastLines ?? [];
  expect(lines.at(-1)).toBe("end");
  expect(lines.join("\n")).not.toContain("value");
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])("a secret inside base64 is found after %d other bytes", (bytes) => {
  const text = Buffer.from(`${"u".repeat(bytes)}${SECRET}:more`).toString("base64");
  const redacted = redactor({ API: SECRET })(text);
  expect(redacted).toContain("[secret]");
  expect(Buffer.from(redacted.replace("[secret]", ""), "base64").toString()).not.toContain("Sentinel");
});

test("words that are no secrets stay readable", () => {
  const redact = redactor({ DEBUG: "true", PORT: "3000", TOKEN: "abc", EMPTY: "", SECRET: "" });
  expect(redact("true 3000 abc")).toBe("true 3000 [secret]");
});
