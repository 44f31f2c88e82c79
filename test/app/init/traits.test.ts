// What real compose files have: several files, profiles, labels, fixed names, moving tags, no health checks …
import { expect, onTestFinished, test } from "vitest";
import { bedFolder } from "../../parts/bed.ts";
import { planned, write } from "./folder.ts";

async function init(texts: Readonly<Record<string, string>>) {
  const ends: (() => Promise<void>)[] = [];
  const folder = await bedFolder("Init-Trait", (end) => ends.push(end));
  onTestFinished(async () => {
    for (const end of ends) await end();
  });
  write(folder, texts);
  return await planned(folder);
}

const app = "services:\n  web:\n    build: .\n    ports: ['3000:3000']\n";

test("a production overlay is used together with the file that it changes", async () => {
  const { stack, text, proposal } = await init({
    "docker-compose.yml": app,
    "docker-compose.prod.yml": "services:\n  web:\n    environment: { NODE_ENV: production }\n",
    "docker-compose.dev.yml": "services:\n  web:\n    command: npm run dev\n",
  });
  expect(stack.files).toEqual(["docker-compose.yml", "docker-compose.prod.yml"]);
  expect(text).toContain("docker-compose.prod.yml changes services of docker-compose.yml");
  expect(proposal.assumed).toContain("docker-compose.dev.yml is not for production");
});

test("a complete production file is used alone, and the files of the team's own script before all", async () => {
  const texts = { "docker-compose.yml": app, "docker-compose.prod.yml": app, "compose.live.yml": app };
  expect((await init(texts)).stack.files).toEqual(["docker-compose.prod.yml"]);
  const said = "docker compose \\\n  -f docker-compose.yml -f compose.live.yml up -d\n";
  const { stack, text } = await init({ ...texts, "deploy.sh": said });
  expect(stack.files).toEqual(["docker-compose.yml", "compose.live.yml"]);
  expect(text).toContain("deploy.sh:1 uses them");
});

test("services of a profile are left out, one-shot migrations are no part of a release", async () => {
  const { stack, proposal } = await init({
    "compose.yml": `${app}    depends_on: { migrate: { condition: service_completed_successfully } }
  migrate: { build: ., command: npx prisma migrate deploy }
  adminer: { image: adminer, profiles: [tools], ports: ['8080:8080'] }
`,
  });
  expect(Object.entries(stack.services).map(([name, service]) => `${name} ${service.class}`)).toEqual([
    "web app",
    "migrate once",
  ]);
  expect(proposal.assumed).toContain("adminer is left out: it is only started with profile tools");
});

test("a second process of the same code is a worker, whatever tells it", async () => {
  const { stack } = await init({
    "compose.yml": `${app}  jobs: { build: ., command: [node, worker.js] }
  scheduler: { build: . }
  bot: { image: 'ghcr.io/team/bot:latest' }
`,
  });
  const classes = Object.fromEntries(Object.entries(stack.services).map(([name, one]) => [name, one.class]));
  expect(classes).toEqual({ web: "app", jobs: "worker", scheduler: "worker", bot: "worker" });
});

test("a port that only the Dockerfile tells makes an app, but not of a second command of that image", async () => {
  const { stack } = await init({
    "compose.yml": `services:
  api: { build: { context: ., dockerfile: docker/api.Dockerfile } }
  mailer: { build: { context: ., dockerfile: docker/api.Dockerfile }, command: node mailer.js }
`,
    "docker/api.Dockerfile": "FROM node\nEXPOSE 4000\n",
  });
  expect(stack.services).toMatchObject({ api: { class: "app", port: 4000 }, mailer: { class: "worker" } });
});

test("databases, caches, monitoring and the front door are left alone", async () => {
  const { stack } = await init({
    "compose.yml": `${app}  db: { image: 'postgis/postgis:15-3.4', ports: ['5432:5432'] }
  cache: { image: 'docker.io/library/redis:7-alpine' }
  metrics: { image: 'prom/prometheus', ports: ['9090:9090'] }
  proxy: { image: 'caddy:2', ports: ['80:80', '443:443'] }
  pool: { image: 'edoburu/pgbouncer:1', expose: [6432] }
  store: { image: 'team/own-store', expose: [1], healthcheck: { test: pg_isready } }
  search: { image: 'registry.example.com:5000/tools/finder:3', volumes: ['index:/data'] }
volumes: { index: {} }
`,
  });
  const classes = Object.fromEntries(Object.entries(stack.services).map(([name, one]) => [name, one.class]));
  expect(classes).toEqual({
    web: "app",
    db: "stateful",
    cache: "stateful",
    metrics: "stateful",
    proxy: "edge",
    pool: "stateful",
    store: "stateful",
    search: "stateful",
  });
});

test("the version is the variable of the tag, if all images of ours share one", async () => {
  const image = (tag: string) => `services:
  api: { image: 'ghcr.io/team/api:${tag}', expose: [3000] }
  jobs: { image: 'ghcr.io/team/api:\${TAG:-latest}', command: worker }
  db: { image: 'postgres:\${PG_VERSION:-15}' }
`;
  const one = await init({ "compose.yml": image("$TAG"), ".env": "TAG=1\n" });
  expect(one.stack.versionVariable).toBe("TAG");
  expect(one.text).toContain("# image ghcr.io/team/api:$TAG");
  const two = await init({ "compose.yml": image("${API_TAG}"), ".env": "API_TAG=1\n" });
  expect(two.stack.versionVariable).toBeUndefined();
  const none = await init({ "compose.yml": app });
  expect(none.stack.versionVariable).toBeUndefined();
});

test("the env file is the one that has the values; what has none may be empty, unless it is needed or a secret", async () => {
  const values = "{ A: '${A}', B: '${B:-b}', C: '${C:?say it}', D: '$$D', E: '${E}', P: '${API_PASSWORD}' }";
  const { stack, proposal } = await init({
    "compose.yml": `${app}    environment: ${values}\n`,
    ".env": "OTHER=1\n",
    ".env.production": "A=1\n",
  });
  expect(stack.envFiles).toEqual([".env.production"]);
  expect(stack.blank).toEqual(["E"]);
  expect(proposal.assumed).toContain("E may be empty: nothing gives a value");
  expect(proposal.unknown).toContain("a value for C, API_PASSWORD: a deploy stops until the env file has it");
});

test("an env file that is only there as an example is named all the same", async () => {
  const { stack, proposal } = await init({
    "compose.yml": app.replace("3000:3000", "${PORT}:3000"),
    ".env.example": "PORT=80\n",
  });
  expect(stack.envFiles).toEqual([".env"]);
  expect(stack.blank).toEqual([]);
  expect(proposal.unknown).toContain(".env is not here; its example was read instead");
});

test("the probe comes from the first that names one, and the config says from whom", async () => {
  const health = async (texts: Readonly<Record<string, string>>) => {
    const { stack, proposal } = await init({ "compose.yml": app, ...texts });
    const probe = proposal.services[0]?.probe;
    return [stack.services["web"]?.health?.path, probe?.because, probe?.isGuess];
  };
  const check = `${app}    healthcheck: { test: "curl -f http://localhost:3000/up || exit 1" }\n`;
  const script = { "deploy.sh": "curl -fsS http://localhost:3000/ready\n" };
  const dockerfile = {
    Dockerfile: "FROM node\nHEALTHCHECK --interval=5s \\\n  CMD wget -q http://127.0.0.1:3000/well\n",
  };
  const source = { "src/server.ts": 'app.get("/healthz", ok)\n' };
  expect(await health({ ...source, ...dockerfile, ...script, "compose.yml": check })).toEqual([
    "/up",
    "its healthcheck in the compose file",
    false,
  ]);
  expect(await health({ ...source, ...dockerfile, ...script })).toEqual([
    "/ready",
    "deploy.sh:1 asks it",
    false,
  ]);
  expect(await health({ ...source, ...dockerfile })).toEqual([
    "/well",
    "HEALTHCHECK of its Dockerfile",
    false,
  ]);
  expect(await health(source)).toEqual(["/healthz", "src/server.ts has this path", true]);
  expect(await health({})).toEqual([undefined, undefined, undefined]);
});

test("without any probe it says what is missing, and a healthcheck that asks nothing over HTTP is used as it is", async () => {
  expect((await init({ "compose.yml": app })).proposal.unknown).toContain(
    "how web says that it is well: write a health path",
  );
  const own = await init({ "compose.yml": `${app}    healthcheck: { test: [CMD, ./well] }\n` });
  expect(own.stack.services["web"]?.health).toBeUndefined();
  expect(own.proposal.unknown.filter((line) => /web/.test(line))).toEqual([]);
  const off = await init({ "compose.yml": `${app}    healthcheck: { disable: true }\n` });
  expect(off.proposal.unknown.filter((line) => /web/.test(line))).toHaveLength(1);
});

test("fixed names and host ports are followed through nginx", async () => {
  const { stack, proposal } = await init({
    "compose.yml": `services:
  backend: { build: ./backend, container_name: the-backend, expose: ['4000'] }
  site: { build: ./site, ports: ['127.0.0.1:8001:80'] }
`,
    "nginx/site.conf": `upstream back { server the-backend:4000; }
server {
  location /api/ { proxy_pass http://back/; }
  location /health { proxy_pass http://back; }
  location / { proxy_pass http://127.0.0.1:8001; }
}
`,
  });
  expect(stack.services["backend"]).toMatchObject({ class: "app", port: 4000, health: { path: "/health" } });
  expect(stack.services["site"]).toMatchObject({ class: "app", port: 80, health: { path: "/" } });
  expect(proposal.services.map(({ probe }) => probe?.isGuess)).toEqual([false, true]);
});

test("labels of Traefik, the host's network and shared folders are pointed out", async () => {
  const { proposal } = await init({
    "compose.yml": `services:
  web:
    build: .
    expose: [3000]
    labels: ["traefik.enable=true"]
    volumes: [uploads:/srv/uploads]
  turn: { build: ./turn, network_mode: host, ports: ['3478'] }
volumes: { uploads: {} }
`,
  });
  expect(proposal.unknown.some((line) => line.startsWith("web is found by its labels"))).toBe(true);
  expect(proposal.unknown.some((line) => line.startsWith("turn is on the host's network"))).toBe(true);
  expect(proposal.assumed.some((line) => line.startsWith("web writes to uploads"))).toBe(true);
});

test("what Traefik's labels say is taken, and a file for Swarm is pointed out", async () => {
  const { stack, proposal } = await init({
    "compose.yml": `services:
  bot:
    image: 'ghcr.io/team/bot:latest'
    deploy:
      labels: ["traefik.enable=true", "traefik.http.services.bot.loadbalancer.server.port=8000"]
      update_config: { order: start-first }
`,
  });
  expect(stack.services["bot"]).toMatchObject({ class: "app", port: 8000 });
  expect(proposal.unknown.some((line) => line.startsWith("whether this is run by Compose or by Swarm"))).toBe(
    true,
  );
});

test("what comments and scripts say of the project counts, but not what tests do", async () => {
  const { stack } = await init({
    "compose.yml": `# docker compose -p the-shop --env-file .env.live -f compose.yml up -d\n${app}`,
    "scripts/integration-test.sh": "docker compose -p testing -f compose.yml run web npm run migrate\n",
  });
  expect([stack.project, stack.envFiles, stack.tasks]).toEqual(["the-shop", [".env.live"], []]);
});

test("anchors, merge keys and extension fields are understood", async () => {
  const { stack } = await init({
    "compose.yml": `x-base: &base { build: ., restart: always }
services:
  web: { <<: *base, expose: [3000] }
  jobs: { <<: *base, command: [worker] }
`,
  });
  expect(Object.keys(stack.services)).toEqual(["web", "jobs"]);
});

test("migrations are taken from scripts, then package.json, then the tool; commands that go back are not", async () => {
  const task = async (texts: Readonly<Record<string, string>>) =>
    (await init({ "compose.yml": app, ...texts })).stack.tasks[0]?.command.join(" ");
  const scripts = JSON.stringify({
    scripts: { "migrate:dev": "x dev", "migrate:rollback": "x down", "migrate:deploy": "x up" },
  });
  const prisma = { "prisma/schema.prisma": "datasource db {}\n" };
  const shell = { "deploy.sh": 'docker compose run --rm -e A=1 web npm run migrate && echo "done"\n' };
  expect(await task({ ...prisma, "package.json": scripts, ...shell })).toBe("npm run migrate");
  expect(await task({ ...prisma, "package.json": scripts })).toBe("npm run migrate:deploy");
  expect(await task(prisma)).toBe("npx prisma migrate deploy");
  expect(await task({})).toBeUndefined();
  const alembic = await init({ "compose.yml": app, "alembic.ini": "[alembic]\n" });
  expect(alembic.proposal.unknown).toContain("how Alembic migrations (alembic.ini) are run");
});

test("the project's name is that of the file, else of the env file, else of the folder", async () => {
  expect((await init({ "compose.yml": `name: shop\n${app}` })).stack.project).toBe("shop");
  const env = { ".env": "COMPOSE_PROJECT_NAME=store\n" };
  expect((await init({ "compose.yml": `name: shop\n${app}`, ...env })).stack.project).toBe("store");
  expect((await init({ "compose.yml": app })).stack.project).toMatch(/^lastgood-init-trait-\w+$/);
});

test("names that YAML would take for something else, and those that the config can't have, do no harm", async () => {
  const { stack, proposal } = await init({
    "compose.yml":
      "services:\n  'on': { build: ., expose: [1] }\n  '404': { build: ., expose: [2] }\n  Web.1: { build: ., expose: [3] }\n",
  });
  expect(Object.keys(stack.services).toSorted()).toEqual(["404", "on"]);
  expect(proposal.unknown.some((line) => line.startsWith("what Web.1 is"))).toBe(true);
});
