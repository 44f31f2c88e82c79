// How docker is called, and what its failures become.
import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import { type DockerTarget, dockerCli, lastWords } from "../../../src/drivers/docker/cli.ts";
import { stackArgs, stackEnv, unsetVariables } from "../../../src/drivers/docker/stack-files.ts";
import { durationMs, undollar } from "../../../src/drivers/docker/stack-model.ts";
import type { Command, Finished, Host } from "../../../src/ports/host.ts";

const none: DockerTarget = { host: null, context: null, configDir: null };
const ended: Finished = {
  exitCode: 0,
  signal: null,
  timedOut: false,
  cancelled: false,
  stdout: "",
  stderr: "",
  truncated: false,
  durationMs: 1,
};

function docker(finished: Partial<Finished>, target = none) {
  const commands: Command[] = [];
  const host: Host = {
    name: "prod-1",
    run: async (command) => {
      commands.push(command);
      return ok({ ...ended, ...finished });
    },
  };
  return { docker: dockerCli(host, target), commands };
}

test("the engine that is meant is named in argv and in the environment, for the client and its plugins", async () => {
  const { docker: client, commands } = docker(
    {},
    { host: "unix:///run/d.sock", context: null, configDir: "/cfg" },
  );
  await client.run({ args: ["compose", "up"], effect: "write", op: "op-1", env: { TAG: "v1" }, stdin: "{}" });
  expect(commands).toMatchObject([
    {
      argv: ["docker", "--config", "/cfg", "--host", "unix:///run/d.sock", "compose", "up"],
      env: { TAG: "v1", DOCKER_CONFIG: "/cfg", DOCKER_HOST: "unix:///run/d.sock" },
      op: "op-1",
      stdin: "{}",
    },
  ]);
});

test.each([
  [
    "unreachable",
    {
      exitCode: 1,
      stderr:
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
    },
  ],
  [
    "unreachable",
    { exitCode: 1, stderr: "permission denied while trying to connect to the Docker daemon socket" },
  ],
  ["missing", { exitCode: 1, stderr: "docker: 'compose' is not a docker command." }],
  ["missing", { exitCode: 125, stderr: "unknown shorthand flag: 'p' in -p" }],
  ["timeout", { exitCode: null, timedOut: true }],
  ["cancelled", { exitCode: null, cancelled: true }],
] as const)("%s: %j", async (code, finished) => {
  const answer = await docker(finished).docker.run({ args: ["compose", "-p", "x", "up"], effect: "write" });
  expect(answer).toMatchObject({ ok: false, error: { code } });
});

test("any other end is for the caller to judge; output() takes a bad one for a failure and says its last words", async () => {
  const finished = { exitCode: 1, stderr: 'time="x" level=warning msg="noise"\nfirst\nno such thing\n' };
  const { docker: client } = docker(finished);
  expect(await client.run({ args: ["ps"], effect: "read" })).toMatchObject({ ok: true });
  expect(await client.output({ args: ["network", "ls"], effect: "read" })).toMatchObject({
    ok: false,
    error: { code: "failed", what: "docker network ls failed: first; no such thing" },
  });
  expect(lastWords(ended)).toBe("it said nothing");
});

test("the user's files are given as they would give them, with the version in its variable", () => {
  const stack = {
    folder: "/srv/shop",
    files: ["docker-compose.yml", "/etc/shop/prod.yml"] as [string, ...string[]],
    envFiles: [".env.production"],
    profiles: ["web"],
    project: null,
    versionVariable: "TAG",
    blank: [],
  };
  expect(stackArgs(stack).join(" ")).toBe(
    "compose --project-directory /srv/shop --file /srv/shop/docker-compose.yml --file /etc/shop/prod.yml --env-file /srv/shop/.env.production --profile web",
  );
  expect(stackEnv(stack, "v1")).toEqual({ TAG: "v1" });
  expect(stackEnv({ ...stack, versionVariable: null }, "v1")).toEqual({});
});

test("variables without a value are read out of Compose's warnings, as it wrote them", () => {
  const stderr = `time="2026-11-22T04:36:31Z" level=warning msg="The \\"TAG\\" variable is not set. Defaulting to a blank string."
time="2026-11-22T04:36:31Z" level=warning msg="The \\"A_KEY\\" variable is not set. Defaulting to a blank string."
time="2026-11-22T04:36:31Z" level=warning msg="The \\"TAG\\" variable is not set. Defaulting to a blank string."`;
  expect(unsetVariables(stderr)).toEqual(["A_KEY", "TAG"]);
  expect(unsetVariables("")).toEqual([]);
});

test("durations and dollar signs are read as Compose writes them", () => {
  expect(["1m30s", "250ms", "1h0m0s", "5s", "1.5s"].map(durationMs)).toEqual([
    90_000, 250, 3_600_000, 5_000, 1_500,
  ]);
  expect([null, "", "5", "5 s", "abc"].map(durationMs)).toEqual([null, null, null, null, null]);
  expect(undollar("a$$b$$$$c")).toBe("a$b$$c");
});
