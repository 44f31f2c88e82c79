import { expect, test } from "vitest";
import { planAdoption } from "../../../src/drivers/adopt/adopt-plan.ts";
import { edgeStand } from "../../../src/drivers/adopt/edge-place.ts";
import { withLine, withoutLine } from "../../../src/drivers/adopt/hosts-text.ts";
import type { Neighbour } from "../../../src/drivers/adopt/look.ts";
import { questionsOf, usesOf } from "../../../src/drivers/adopt/nginx-config.ts";
import type { Container } from "../../../src/drivers/docker/inspect.ts";
import type { StackModel } from "../../../src/drivers/docker/stack-model.ts";
import type { EdgeConfig } from "../../../src/drivers/traffic/edge/edge.ts";
import { nginxConf } from "./stack.ts";

const hosts = "127.0.0.1\tlocalhost\n172.28.0.4\tabc\n";

test("a line in a hosts file stands first, is found again, and nothing else is touched", () => {
  const once = withLine(hosts, "shop/api", "172.28.0.9", ["api", "shop-api"]);
  expect(once).toBe(`172.28.0.9\tapi shop-api\t# lastgood shop/api\n${hosts}`);
  expect(withLine(once, "shop/api", "172.28.0.9", ["api", "shop-api"])).toBe(once);
  const two = withLine(once, "shop/api2", "172.28.0.10", ["api2"]);
  expect(withoutLine(two, "shop/api2")).toBe(once);
  expect(withoutLine(withoutLine(two, "shop/api"), "shop/api2")).toBe(hosts);
});

test("an nginx uses the names that it sends requests to, not those in comments or inside of others", () => {
  const text = `# server api:3000;
    upstream a { server shop-api:3000; } server { location / { proxy_pass http://web:8080/; } }
    server { set $up http://late; location /ip { proxy_pass http://172.28.0.4:3000; } }`;
  const use = usesOf(text, ["api", "shop-api", "web", "late", "eb"], ["172.28.0.4", "172.28.0.40"]);
  expect(use).toEqual({ names: ["shop-api", "web", "late"], addresses: ["172.28.0.4"] });
});

test("questions ask plain ports only, paths of the service first, and then each name of a server", () => {
  const text = `server { listen 80; server_name _ shop.example; location /api/ { } location = /x { } }
    server { listen 443 ssl; server_name shop.example; location / { } }`;
  const asked = questionsOf(text, ["/health"]);
  expect(asked[0]).toEqual({ port: 80, host: null, path: "/health" });
  expect(asked.some(({ port }) => port === 443)).toBe(false);
  expect(asked).toContainEqual({ port: 80, host: "shop.example", path: "/api/" });
});

const config: EdgeConfig = {
  app: "shop",
  env: "production",
  project: "shop",
  service: "api",
  stateDir: "/state",
  port: 3000,
  networks: [{ name: "shop_default", aliases: ["api", "shop-api"], ip: null }],
  published: [],
  publicUrl: null,
};

function neighbour(
  service: string,
  more: Partial<Neighbour> = {},
  labels: Record<string, string> = {},
): Neighbour {
  const container = {
    id: service,
    name: `shop-${service}-1`,
    addresses: { shop_default: "172.28.0.4" },
    labels,
  };
  return { container: container as unknown as Container, service, program: null, config: null, ...more };
}

const planOf = (neighbours: readonly Neighbour[], of = config) => {
  const plan = planAdoption(of, neighbours, "/health");
  return plan.ok ? plan.value : plan.error;
};

test("an nginx that has the service's name is led to the edge, one that has not is left alone", () => {
  const nginx = neighbour("nginx", { program: "nginx", config: nginxConf(["api"]) });
  const other = neighbour("static", { program: "nginx", config: nginxConf(["frontend"]) });
  expect(planOf([neighbour("api"), nginx, other])).toMatchObject({
    foreign: [{ name: "shop-api-1" }],
    fronts: [{ container: { name: "shop-nginx-1" }, names: ["api"], network: "shop_default" }],
    handover: [],
  });
});

test("a published port and a fixed address change hands, and it is said", () => {
  const published = {
    ...config,
    published: [{ hostIp: "127.0.0.1", hostPort: 8001 }],
    networks: [{ name: "shop_default", aliases: ["api"], ip: "172.28.0.4" }],
  } satisfies EdgeConfig;
  const plan = planOf([neighbour("api")], published);
  expect(plan).toMatchObject({ handover: ["port 127.0.0.1:8001", "address 172.28.0.4"] });
  expect(JSON.stringify(plan)).toContain("refused, once");
  expect(planOf([], published)).toMatchObject({ handover: [] });
});

test("what can't be led to an edge is a person's to decide, with what to do", () => {
  const byAddress = neighbour("nginx", {
    program: "nginx",
    config: "upstream a { server 172.28.0.4:3000; }",
  });
  expect(planOf([neighbour("api"), byAddress])).toMatchObject({ code: "needs-person" });
  expect(planOf([neighbour("api"), neighbour("lb", { program: "haproxy" })])).toMatchObject({
    code: "needs-person",
  });
  const traefik = neighbour("traefik", { program: "traefik" });
  const labelled = neighbour("api", {}, { "traefik.enable": "true" });
  expect(planOf([labelled, traefik])).toMatchObject({ code: "needs-person" });
  expect(planOf([neighbour("api"), traefik])).toMatchObject({ fronts: [] });
  expect(planOf([neighbour("api"), neighbour("caddy", { program: "caddy" })])).toMatchObject({
    fronts: [],
    handover: [],
  });
});

test("an edge stands where the compose file has the service: networks, names, ports", () => {
  const stack = {
    name: "shop",
    networks: { net: { name: "shop_net" }, other: null },
    services: {
      api: {
        container_name: "shop-api",
        networks: { net: { aliases: ["backend"], ipv4_address: "172.28.0.9" }, other: null },
        ports: [
          { target: 3000, published: "8001", host_ip: "127.0.0.1", protocol: "tcp" },
          { target: 9229, published: "9229", protocol: "tcp" },
          { target: 3000, published: "8000-8010", protocol: "tcp" },
        ],
      },
      odd: { network_mode: "host" },
    },
  } as unknown as StackModel;
  const stand = edgeStand(stack, "api", 3000);
  expect(stand.ok && stand.value).toEqual({
    networks: [
      { name: "shop_net", aliases: ["api", "shop-api", "backend"], ip: "172.28.0.9" },
      { name: "shop_other", aliases: ["api", "shop-api"], ip: null },
    ],
    published: [{ hostIp: "127.0.0.1", hostPort: 8001 }],
    says: [expect.stringContaining("9229"), expect.stringContaining("8000-8010")],
  });
  expect(edgeStand(stack, "odd", 3000).ok).toBe(false);
});
