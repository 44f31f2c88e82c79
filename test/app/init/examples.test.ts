// On the two example stacks init writes a config that needs no edit, and writes nothing else unasked.
import { execFileSync } from "node:child_process";
import { chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { planInit, writeChange } from "../../../src/app/init/init.ts";
import { classify, portOf } from "../../../src/drivers/docker/stack-class.ts";
import { parseStack } from "../../../src/drivers/docker/stack-model.ts";
import { bedFolder } from "../../parts/bed.ts";
import { docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { files, layExample, looking, planned, write } from "./folder.ts";

const folderOf = () => bedFolder("init", (end) => ends.push(end));
const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

const golden = (kind: string) => join(import.meta.dirname, "golden", `${kind}.yml`);
const withDocker = await describeWith("docker");

withDocker("with docker's own reading of the files", () => {
  test.each(["hummii", "hibachi"] as const)("%s: the whole config, word for word", async (kind) => {
    const { host } = await docker();
    const { text } = await planned(layExample(await folderOf(), kind), { host });
    expect(text).toBe(readFileSync(golden(kind), "utf8"));
  });

  test.each(["hummii", "hibachi"] as const)(
    "%s: the runtime takes each service for the same by itself",
    async (kind) => {
      const { host, docker: say } = await docker();
      const folder = layExample(await folderOf(), kind);
      const { stack, proposal } = await planned(folder, { host });
      const named = [
        "--file",
        stack.files[0] ?? "",
        ...stack.envFiles.flatMap((file) => ["--env-file", file]),
      ];
      const model = parseStack(
        await say(["compose", ...named, "config", "--format", "json"], { cwd: folder }),
      );
      if (!model) throw new Error("docker gave no model");
      for (const { name, role, port } of proposal.services) {
        expect([name, classify(model, name, null).class]).toEqual([name, role]);
        const service = model.services[name];
        if (role === "app" && service) expect(portOf(service, null)).toBe(port?.value);
      }
    },
  );

  test("what docker refuses is told in its own words, and the config is written all the same", async () => {
    const { host } = await docker();
    const folder = await folderOf();
    write(folder, {
      "compose.yml": "services: { web: { build: ., image: '${TAG:?name a tag}', expose: [80] } }\n",
    });
    const { proposal, stack } = await planned(folder, { host });
    expect(proposal.unknown[0]).toMatch(
      /docker could not read .*required variable TAG is missing a value: name a tag/,
    );
    expect(stack.services["web"]?.port).toBe(80);
  });

  test("a stack that runs is known by the name that it runs under", async () => {
    const { host, project, docker: say } = await docker();
    const folder = await folderOf();
    write(folder, {
      "compose.yml":
        "services: { web: { image: 'lastgood-test/base:1', command: [sleep, '600'], expose: [80] } }\n",
    });
    await say([
      "compose",
      "--project-name",
      project,
      "--file",
      join(folder, "compose.yml"),
      "up",
      "--detach",
    ]);
    const { stack, text } = await planned(folder, { host });
    expect(stack.project).toBe(project);
    expect(text).toContain("# it runs under this name here");
  });
});

test.each(["hummii", "hibachi"] as const)("%s: without docker the same, and it says so", async (kind) => {
  const { text, proposal } = await planned(layExample(await folderOf(), kind));
  const [said, ...others] = proposal.unknown;
  expect(said).toBe(
    "docker could not read the compose file (docker is not on this machine); this is from its text alone",
  );
  expect(others).toEqual([]);
  expect(text.replace(`#\n# Could not be told from here:\n# - ${said}\n`, "")).toBe(
    readFileSync(golden(kind), "utf8"),
  );
});

test("what is secret in env files and compose files stands nowhere in what init writes or says", async () => {
  for (const kind of ["hummii", "hibachi"] as const) {
    const { changes, proposal } = await planned(layExample(await folderOf(), kind));
    const all = JSON.stringify([changes.map(({ text }) => text), proposal]);
    for (const secret of [
      "example-postgres-password",
      "example-redis-password",
      "sk_test",
      "example-database-password",
    ])
      expect(all).not.toContain(secret);
  }
});

test("a second run finds nothing to do; after an edit it shows the difference", async () => {
  const folder = layExample(await folderOf(), "hibachi");
  const first = await planned(folder);
  expect(first.changes.map(({ path, over }) => `${path} ${over}`)).toEqual([
    "lastgood.yml new",
    "scripts/rollback.sh new",
    ".gitignore theirs",
  ]);
  for (const change of first.changes) expect((await writeChange(files, folder, change)).ok).toBe(true);
  const second = await planned(folder);
  expect(second.changes.every(({ over, difference }) => over === "same" && difference === "")).toBe(true);

  const config = join(folder, "lastgood.yml");
  writeFileSync(config, readFileSync(config, "utf8").replace("path: /health", "path: /healthz"));
  const [changed] = (await planned(folder)).changes;
  expect(changed?.over).toBe("theirs");
  const signed = changed?.difference.split("\n").filter((line) => /^[+-]/.test(line));
  expect(signed).toEqual([
    "-        production-api: { class: app, port: 8000, health: { path: /healthz } }",
    "+        production-api: { class: app, port: 8000, health: { path: /health } }",
  ]);
});

test("a script of the team's own that a wrapper replaces is kept beside it, and the wrapper runs", async () => {
  const folder = layExample(await folderOf(), "hummii");
  const before = readFileSync(join(folder, "scripts/rollback.sh"), "utf8");
  const change = (await planned(folder)).changes.find(({ path }) => path === "scripts/rollback.sh");
  if (!change) throw new Error("no wrapper");
  expect(change.over).toBe("theirs");
  expect(change.difference).toContain("-compose down");
  expect((await writeChange(files, folder, change)).ok).toBe(true);
  expect(readFileSync(join(folder, "scripts/rollback.sh.before-init"), "utf8")).toBe(before);
  expect(statSync(join(folder, "scripts/rollback.sh")).mode & 0o111).toBe(0o111);

  write(folder, { "bin/lastgood": '#!/bin/sh\necho "$PWD" "$@"\n' });
  chmodSync(join(folder, "bin/lastgood"), 0o755);
  const run = (...args: string[]) =>
    execFileSync(join(folder, "scripts/rollback.sh"), args, {
      cwd: "/",
      env: { PATH: `${join(folder, "bin")}:/usr/bin:/bin` },
      encoding: "utf8",
      stdio: "pipe",
    });
  expect(run("--latest", "--plan")).toBe(`${folder} --config lastgood.yml rollback --plan\n`);
  expect(run("v7")).toBe(`${folder} --config lastgood.yml rollback v7\n`);
  expect(() => run()).toThrow(/usage/);
  expect(() => run("--oldest")).toThrow(/usage/);
});

test("an empty folder, and one with an app but no compose file, get a clear word and nothing else", async () => {
  const folder = await folderOf();
  const empty = await planInit(looking(folder), "lastgood.yml");
  expect(empty).toMatchObject({ ok: false, error: { code: "missing", where: folder } });
  if (!empty.ok) expect(empty.error.next).toContain("lastgood config --example");
  write(folder, {
    "package.json": "{}",
    "systemd/app.service": "[Service]\nExecStart=/usr/bin/node server.js\n",
  });
  const bareApp = await planInit(looking(folder), "lastgood.yml");
  if (bareApp.ok) throw new Error("there is no compose file");
  expect(bareApp.error.what).toContain("systemd unit app.service");
});
