// A release is what the docker client would create, pinned and marked.
import { expect, test } from "vitest";
import { ok } from "../../../src/core/result.ts";
import { documentOf, type SwarmDocument } from "../../../src/drivers/runtime/swarm/document.ts";
import type { Named, Recorded } from "../../../src/drivers/runtime/swarm/recorder.ts";
import type { SwarmConfig } from "../../../src/drivers/runtime/swarm/swarm.ts";

const config: SwarmConfig = {
  stateDir: "/var/lib/lastgood",
  socket: "/var/run/docker.sock",
  recordSocket: "/run/record.sock",
  stackName: "shop",
  files: ["/srv/stack.yml"],
  envFile: null,
  versionVariable: "TAG",
  services: { web: { class: "app", healthPath: null } },
  timeoutMs: 1_000,
};

test("the image is pinned, and the client's note of its tag is gone", async () => {
  const web = await webOf({});
  expect(web?.TaskTemplate.ContainerSpec.Image).toBe("pinned shop:v1");
  expect(web?.Labels).toEqual({ "com.docker.stack.namespace": "shop" });
});

test("the engine pauses at a failure whatever the file says; the rest of its update settings stays", async () => {
  const web = await webOf({
    UpdateConfig: { Parallelism: 3, FailureAction: "rollback", Order: "start-first", Delay: 7 },
  });
  expect(web?.UpdateConfig).toMatchObject({
    Parallelism: 3,
    FailureAction: "pause",
    Order: "start-first",
    Delay: 7,
  });
  expect(web?.RollbackConfig?.FailureAction).toBe("pause");
});

test("without a healthcheck a copy is watched for 5 s at least, with one as long as the file says", async () => {
  const UpdateConfig = { Monitor: 1_000_000_000 };
  expect((await webOf({ UpdateConfig }))?.UpdateConfig?.Monitor).toBe(5_000_000_000);
  const asked = { Healthcheck: { Test: ["CMD", "true"] } };
  expect((await webOf({ UpdateConfig }, asked))?.UpdateConfig?.Monitor).toBe(1_000_000_000);
  expect((await webOf({}))?.UpdateConfig?.Monitor).toBe(5_000_000_000);
});

test("secrets made from files are named by what is in them, external ones stay; ids are not kept", async () => {
  const Secrets = [
    { SecretName: "shop_token", SecretID: "recorded", File: { Name: "token" } },
    { SecretName: "outside", SecretID: "recorded", File: { Name: "other" } },
  ];
  const [first, second] = await Promise.all(
    ["b25l", "dHdv"].map((Data) => made({}, { Secrets }, [{ Name: "shop_token", Data }])),
  );
  const names = [first, second].map((all) => all?.services["web"]?.TaskTemplate.ContainerSpec.Secrets);
  expect(names[0]).toEqual([
    { SecretName: expect.stringMatching(/^shop_token\.[0-9a-f]{8}$/), File: { Name: "token" } },
    { SecretName: "outside", File: { Name: "other" } },
  ]);
  expect(names[0]?.[0]).not.toEqual(names[1]?.[0]);
  expect(first?.secrets[0]?.Name).toBe(names[0]?.[0]?.SecretName);
});

test("a service that the files do not have, and a job, are told", async () => {
  expect(await documentOf(config, recorded([]), pin)).toMatchObject({ ok: false, error: { code: "config" } });
  const job = { ...service({}, {}), Mode: { ReplicatedJob: {} } };
  expect(await documentOf(config, recorded([job]), pin)).toMatchObject({
    ok: false,
    error: { code: "config", what: expect.stringContaining("job") },
  });
});

const pin = async (image: string) => ok(`pinned ${image}`);

async function webOf(more: object, container: object = {}) {
  return (await made(more, container))?.services["web"];
}

async function made(
  more: object,
  container: object,
  secrets: readonly Named[] = [],
): Promise<SwarmDocument | null> {
  const all = await documentOf(config, { ...recorded([service(more, container)]), secrets }, pin);
  return all.ok ? all.value : null;
}

function service(more: object, container: object): Named {
  return {
    Name: "shop_web",
    Labels: { "com.docker.stack.namespace": "shop", "com.docker.stack.image": "shop:v1" },
    TaskTemplate: { ContainerSpec: { Image: "shop:v1", ...container } },
    Mode: { Replicated: { Replicas: 2 } },
    ...more,
  };
}

function recorded(services: readonly Named[]): Recorded {
  return { api: "1.41", services, networks: [], secrets: [], configs: [] };
}
