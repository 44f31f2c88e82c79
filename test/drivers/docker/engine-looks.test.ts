// Looks over the engine's socket say what the client says, and leave to the client what they cannot tell.
import { expect, test } from "vitest";
import { ok, problem, type Result } from "../../../src/core/result.ts";
import { dockerCli } from "../../../src/drivers/docker/cli.ts";
import { findContainers, inspectContainers } from "../../../src/drivers/docker/containers.ts";
import { engineLooks } from "../../../src/drivers/docker/engine-looks.ts";
import { inspectImages } from "../../../src/drivers/docker/images.ts";
import { httpClient } from "../../../src/os/http-client.ts";
import type { Command, Host } from "../../../src/ports/host.ts";
import type { HttpAnswer, HttpClient, HttpRequest } from "../../../src/ports/http-client.ts";
import { docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";

const here = { host: null, context: null, configDir: null };
const socket = async () => "/run/engine.sock";

/** A client that only counts: it has nothing to say. */
function countingHost() {
  const commands: Command[] = [];
  const host: Host = {
    name: "local",
    run: async (command) => {
      commands.push(command);
      const ended = { exitCode: 0, signal: null, timedOut: false, cancelled: false, truncated: false };
      return ok({ ...ended, stdout: "", stderr: "", durationMs: 1 });
    },
  };
  return { host, commands };
}

function answering(answer: (request: HttpRequest) => Result<HttpAnswer>): HttpClient {
  return { request: async (request) => answer(request) };
}

const says = (status: number, body: string) => () => ok({ status, headers: {}, body });

test.each([
  ["nobody listens there", answering(() => problem("unreachable", "nobody", "start it"))],
  ["it is no engine", answering(says(200, "<html>"))],
  ["its list is cut", answering(says(200, '[{"Id":"abc"'))],
  ["it fails", answering(says(500, "{}"))],
])("where %s, the client is asked", async (_, http) => {
  const { host, commands } = countingHost();
  const found = await findContainers(dockerCli(host, here, engineLooks(http, socket)), { a: "b" });
  expect(found).toEqual(ok([]));
  expect(commands.map(({ argv }) => argv[1])).toEqual(["ps"]);
});

test("an engine of which no socket is known is left to the client", async () => {
  const { host, commands } = countingHost();
  const http = answering(() => {
    throw new Error("it must not be asked");
  });
  const client = dockerCli(
    host,
    here,
    engineLooks(http, async () => null),
  );
  await inspectContainers(client, ["abc"]);
  expect(commands).toHaveLength(1);
});

test("an engine that hangs is not asked a second time through the client", async () => {
  const { host, commands } = countingHost();
  const http = answering(() => problem("timeout", "too slow", "look"));
  const found = await findContainers(dockerCli(host, here, engineLooks(http, socket)), { a: "b" });
  expect(found).toMatchObject({ ok: false, error: { code: "timeout" } });
  expect(commands).toEqual([]);
});

const withDocker = await describeWith("docker");

withDocker("a real engine", () => {
  test("says the same over its socket as through the client, also of what is gone", async () => {
    const bed = await docker();
    const label = `lastgood.test=${bed.project}`;
    const run = [
      "run",
      "--detach",
      "--label",
      label,
      "--label",
      "odd=a=b c",
      "lastgood-test/base:1",
      "sleep",
      "60",
    ];
    const first = (await bed.docker(run)).trim();
    const second = (await bed.docker(run)).trim();
    await bed.docker(["kill", second]);
    const { host, commands } = countingHost();
    const looks = engineLooks(httpClient(), async () => bed.socket);
    const quick = dockerCli(host, here, looks);
    const slow = dockerCli(bed.host, here);
    const wanted = { "lastgood.test": bed.project, odd: "a=b c" };
    const seen = await findContainers(quick, wanted);
    expect(seen).toEqual(await findContainers(slow, wanted));
    expect(seen.ok && seen.value.map(({ id }) => id)).toEqual([second, first]);
    const gone = "0".repeat(64);
    expect(await inspectContainers(quick, [first, gone])).toEqual(
      await inspectContainers(slow, [first, gone]),
    );
    const image = seen.ok ? (seen.value[0]?.imageId ?? "") : "";
    const images = await inspectImages(quick, [image, `sha256:${gone}`]);
    expect(images).toEqual(await inspectImages(slow, [image, `sha256:${gone}`]));
    expect(images.ok && images.value.map((one) => one?.id ?? null)).toEqual([image, null]);
    expect(commands).toEqual([]);
  }, 60_000);
});
