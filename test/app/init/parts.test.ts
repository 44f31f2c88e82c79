// The readers behind init: variables, scripts, nginx, differences.
import { expect, test } from "vitest";
import { readModel, readYaml } from "../../../src/app/init/compose-model.ts";
import { difference } from "../../../src/app/init/diff.ts";
import { fillIn, variablesIn } from "../../../src/app/init/interpolate.ts";
import { readMentions } from "../../../src/app/init/mentions.ts";
import { readNginx, readSites } from "../../../src/app/init/nginx-text.ts";

test("variables are found in all their forms, but not in comments and not where a dollar is doubled", () => {
  const text = ["a: $A ${B} ${C:-c} ${D-d} ${E:?no} $$F", "# ${G}", "b: ${C}"].join("\n");
  const found = variablesIn(text).map(({ name, hasDefault, isRequired }) => [name, hasDefault, isRequired]);
  expect(found).toEqual([
    ["A", false, false],
    ["B", false, false],
    ["C", false, false],
    ["D", true, false],
    ["E", false, true],
  ]);
  expect(
    variablesIn("${OUTER:-${INNER:-1}} $OUTER").map(({ name, hasDefault }) => [name, hasDefault]),
  ).toEqual([
    ["OUTER", false],
    ["INNER", true],
  ]);
});

test("filling in knows defaults, empty values and doubled dollars", () => {
  const values = { A: "1", EMPTY: "" };
  expect(fillIn("$A ${A} ${B} ${B:-b} ${EMPTY:-e} ${EMPTY-e} ${A:+set} $$A", values)).toBe(
    "1 1  b e  set $A",
  );
});

test("ports and mounts are read in the short and in the long form", () => {
  const raw = readYaml(`services:
  web:
    image: web
    ports: ["80:3000", "127.0.0.1:81:3001/tcp", 3002, { target: 3003, published: "83", host_ip: 0.0.0.0 }]
    volumes: ["./a:/a:ro", "data:/data", /anonymous, { type: bind, source: ./b, target: /b }]
`);
  const [web] = readModel(raw ?? {}).services;
  expect(web?.ports).toEqual([
    { host: null, published: 80, target: 3000 },
    { host: "127.0.0.1", published: 81, target: 3001 },
    { host: null, published: null, target: 3002 },
    { host: "0.0.0.0", published: 83, target: 3003 },
  ]);
  expect(web?.mounts.map(({ kind, source, target }) => `${kind} ${source} ${target}`)).toEqual([
    "bind ./a /a",
    "volume data /data",
    "volume  /anonymous",
    "bind ./b /b",
  ]);
});

test("a text that is no YAML, or no map, is nothing", () => {
  expect(readYaml("a: [")).toBeNull();
  expect(readYaml("- a")).toBeNull();
});

test("scripts tell their compose files, env files, migrations and probes, with the line", () => {
  const text = `#!/bin/sh
# docker compose -f old.yml up
docker-compose -f a.yml \\
  --file=b.yaml --env-file .env.prod up -d
docker compose run --rm -e X=1 api npm run migrate 2>&1
docker compose -p shop exec api npm run migrate:rollback
curl -fsS "http://localhost:8001/health" || exit 1
`;
  expect(readMentions([{ file: "d.sh", text }])).toEqual({
    composeFiles: [{ where: "d.sh:3", files: ["a.yml", "b.yaml"] }],
    envFiles: [{ where: "d.sh:3", path: ".env.prod" }],
    projects: [{ where: "d.sh:6", name: "shop" }],
    migrations: [{ where: "d.sh:5", service: "api", command: ["npm", "run", "migrate"] }],
    probes: [{ where: "d.sh:7", url: "http://localhost:8001/health" }],
  });
});

test("nginx configuration is read with quotes, comments and blocks in blocks", () => {
  const text = `# not { this }
log_format main '$remote_addr "$request"; {';
server { location ~ ^/a { proxy_set_header Upgrade "$http_upgrade"; proxy_pass http://x; } }`;
  const [format, server] = readNginx(text);
  expect(format?.args).toEqual(["main", '$remote_addr "$request"; {']);
  expect(server?.block?.[0]).toMatchObject({ name: "location", args: ["~", "^/a"] });
  const upstream = {
    file: "up.conf",
    text: "upstream x { server one:1; server two:2 backup; keepalive 8; }",
  };
  expect(readSites([upstream, { file: "site.conf", text }])[1]?.routes).toEqual([
    { path: "^/a", targets: ["one:1", "two:2"], isWebsocket: true, rewrites: false },
  ]);
});

test("an unfinished or broken nginx file ends the reading, not the program", () => {
  expect(readNginx("server { location / {")).toHaveLength(1);
  expect(readNginx("} } ;")).toEqual([]);
});

test("a difference shows what goes and what comes, with three lines around it", () => {
  const before = Array.from({ length: 12 }, (_, index) => `line ${index}`).join("\n");
  expect(difference(before, before)).toBe("");
  expect(difference(before, before.replace("line 6", "other"))).toBe(
    "@@\n line 3\n line 4\n line 5\n-line 6\n+other\n line 7\n line 8\n line 9\n",
  );
  expect(difference("", "a\nb\n")).toBe("+a\n+b\n");
});
