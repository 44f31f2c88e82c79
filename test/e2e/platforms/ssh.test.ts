// A compose stack on another machine, reached over ssh: a real sshd on loopback, real containers, our edge beside them.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bookPlaces } from "../../../src/compose/hosts.ts";
import { thisMachine } from "../../../src/compose/machine.ts";
import { sshBook } from "../../../src/os/ssh-book.ts";
import { afterTest, bedFolder, freePort } from "../../parts/bed.ts";
import { type DockerBed, docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { type SshdBed, sshdBed } from "../../parts/sshd.ts";
import { goodThenBad, openWith, program } from "./story.ts";

const minutes = 60_000;
const withSsh = await describeWith("docker", "sshd");

withSsh("a compose stack over ssh", () => {
  test("capture, edge, switch, watch and way back all go over the shared connection", {
    timeout: 6 * minutes,
  }, async () => {
    const [bed, sshd] = [await docker(), await sshdBed()];
    const folder = await bedFolder("ssh", afterTest, 0o755);
    const port = await freePort();
    for (const [version, badEach] of [
      ["v1", 0],
      ["v2", 10],
    ] as const)
      await buildImage(bed, folder, version, program(version, { badEach }));
    await writeFile(
      join(folder, "compose.yml"),
      `services:\n  web:\n    image: ${bed.project}-web:\${TAG}\n    ports: [ "127.0.0.1:${port}:8080" ]\n    stop_grace_period: 2s\n`,
    );
    await trust(sshd, join(folder, "state"));
    const text = `app: shop
state: ${folder}/state
environments:
  production:
    host: web-1
    stack:
      runtime: compose
      project: ${bed.project}
      files: [compose.yml]
      versionVariable: TAG
      docker: { host: "${bed.env["DOCKER_HOST"]}", configDir: "${bed.env["DOCKER_CONFIG"]}" }
      services: { web: { class: app, port: 8080, health: { path: /health, interval: 100ms, timeout: 30s } } }
    traffic: { kind: edge, client: { cookie: sid } }
    watch: { for: 3s, check: 1s }
`;
    const opened = await openWith(folder, text, afterTest);
    await goodThenBad(opened, `http://127.0.0.1:${port}/`);
    expect(await sshd.killSessions()).toBeGreaterThan(0);
  });
});

async function buildImage(bed: DockerBed, folder: string, version: string, text: string): Promise<void> {
  const context = join(folder, "image", version);
  await mkdir(context, { recursive: true });
  await writeFile(join(context, "main.mjs"), text);
  const file = 'FROM lastgood-test/node:24\nCOPY main.mjs /main.mjs\nCMD ["node", "/main.mjs"]\n';
  await writeFile(join(context, "Dockerfile"), file);
  await bed.docker(["build", "--quiet", "--tag", `${bed.project}-web:${version}`, context]);
}

/** As `lastgood host add` leaves it. */
async function trust(sshd: SshdBed, state: string): Promise<void> {
  const { files, host } = thisMachine();
  const book = sshBook(bookPlaces(state), files, host);
  const keys = await book.scan(sshd.host, sshd.port);
  if (!keys.ok) throw new Error(keys.error.what);
  const key = keys.value.find(({ fingerprint }) => fingerprint === sshd.fingerprint);
  if (!key) throw new Error("sshd shows another key than its own");
  const { user, port, identityFile } = sshd;
  const kept = await book.put({ name: "web-1", user, host: sshd.host, port, identityFile, key });
  if (!kept.ok) throw new Error(kept.error.what);
}
