// What is stored of a service, and the compose file that starts it beside whatever runs.
import { expect, test } from "vitest";
import { parseStack, type StackModel } from "../../../src/drivers/docker/stack-model.ts";
import { startFile } from "../../../src/drivers/runtime/compose/file.ts";
import { stackRedactor } from "../../../src/drivers/runtime/compose/redact.ts";
import { storedOf } from "../../../src/drivers/runtime/compose/stored.ts";
import { failure, value } from "./compose-bed.ts";

const service = {
  image: "shop/api:v1",
  build: { context: "/srv" },
  container_name: "shop-api",
  ports: [{ target: 3000, published: "8001" }],
  depends_on: { db: { condition: "service_healthy" } },
  command: ["echo", "$$HOME"],
  environment: { DB_PASSWORD: "hunter22", NODE_ENV: "production" },
  labels: { "traefik.http.routers.api.rule": "Host(`x`)", caddy: "x", team: "a" },
  networks: { back: { aliases: ["backend"], ipv4_address: "172.28.0.9" } },
  volumes: [
    { type: "volume", source: "up", target: "/up" },
    { type: "bind", source: "/srv/x", target: "/x" },
  ],
  secrets: [{ source: "pw", target: "/run/secrets/pw" }],
  deploy: { replicas: 4, resources: { limits: { memory: "512M" } }, placement: {} },
  restart: "always",
};
const stack = (more: object = {}): StackModel => {
  const model = parseStack(
    JSON.stringify({
      name: "shop",
      services: { api: service },
      networks: { back: { name: "shop_back", ipam: {} } },
      volumes: { up: { name: "my_uploads" } },
      secrets: { pw: { file: "/srv/pw.txt" } },
      ...more,
    }),
  );
  if (model === null) throw new Error("no model");
  return model;
};
const stored = () => value(storedOf(stack(), "api", stack().services["api"] ?? {}));

test("what fixes a name, a port, an address or an order is left out; networks and volumes are those that are there", () => {
  const { compose, files } = stored();
  expect(compose).toEqual({
    services: {
      api: {
        command: ["echo", "$$HOME"],
        environment: { DB_PASSWORD: "hunter22", NODE_ENV: "production" },
        labels: { team: "a" },
        networks: { back: null },
        volumes: service.volumes,
        secrets: service.secrets,
        deploy: { resources: { limits: { memory: "512M" } } },
        restart: "always",
      },
    },
    networks: { back: { name: "shop_back", external: true } },
    volumes: { up: { name: "my_uploads", external: true } },
    secrets: { pw: { file: "./files/secrets-pw" } },
    configs: {},
  });
  expect(files).toEqual([{ from: "/srv/pw.txt", as: "secrets-pw" }]);
});

test("a secret that comes from a variable is refused: it cannot be kept", () => {
  const model = stack({ secrets: { pw: { environment: "PW" } } });
  expect(failure(storedOf(model, "api", model.services["api"] ?? {})).what).toContain("the variable PW");
});

const start = (copies: number, once: readonly string[] | null) =>
  startFile({
    stored: JSON.stringify(stored().compose),
    service: "api",
    folder: "/state/$1/api",
    instance: "shop-api-1",
    image: "lastgood/shop-api:v1",
    labels: { "lastgood.op": "op-1" },
    copies,
    once,
  }) as { services: Record<string, Record<string, unknown>>; secrets: unknown };

test("each copy is a service under the instance's name, and all answer to it", () => {
  const { services, secrets } = start(2, null);
  expect(Object.keys(services)).toEqual(["shop-api-1", "shop-api-1-2"]);
  expect(services["shop-api-1-2"]).toMatchObject({
    image: "lastgood/shop-api:v1",
    container_name: "shop-api-1-2",
    pull_policy: "never",
    labels: { team: "a", "lastgood.op": "op-1" },
    networks: { back: { aliases: ["shop-api-1"] } },
    restart: "always",
  });
  expect(secrets).toEqual({ pw: { file: "/state/$$1/api/files/secrets-pw" } });
});

test("a command that runs once is not restarted, has no healthcheck, and reaches the program as it stands", () => {
  const { services } = start(1, ["echo", "$PATH"]);
  expect(services["shop-api-1"]).toMatchObject({
    restart: "no",
    healthcheck: { disable: true },
    command: ["echo", "$$PATH"],
  });
});

test("values that may be secrets are masked in text; plain words, numbers and addresses stay", () => {
  const environment = {
    DB_PASSWORD: "abc",
    DATABASE_URL: "postgres://shop:s3cret-pass@db:5432/shop",
    BLOB: "aGVsbG8gd29ybGQhISEh",
    COST: "a$$b$$c-d-e",
    NODE_ENV: "production",
    PORT: "3000",
    HOSTNAME_API: "api.example.com",
    SITE: "https://example.com/shop",
  };
  const redact = stackRedactor([{ environment }], { file: "from-a-file" });
  const text = redact(
    "abc s3cret-pass aGVsbG8gd29ybGQhISEh a$b$c-d-e production 3000 api.example.com https://example.com/shop from-a-file",
  );
  expect(text).toBe(
    "[secret] [secret] [secret] [secret] production 3000 api.example.com https://example.com/shop [secret]",
  );
});
