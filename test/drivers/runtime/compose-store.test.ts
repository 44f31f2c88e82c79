// What a compose release keeps: images, environment, files. And what it says when something is missing.
import { readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import { composeLayout } from "../../../src/drivers/runtime/compose/config.ts";
import { composeSpecOf } from "../../../src/drivers/runtime/compose/spec.ts";
import { describeWith } from "../../parts/needs.ts";
import {
  answer,
  type ComposeBed,
  composeBed,
  failure,
  op,
  SECRET,
  SERVER,
  stackFile,
  value,
} from "./compose-bed.ts";

const withDocker = await describeWith("docker");
const limitMs = 120_000;

withDocker("compose runtime: the release store", () => {
  test(
    "a changed env file or compose file makes another release of the same version, and the former one comes back as it was",
    async () => {
      const bed = await composeBed();
      const first = value(await bed.runtime.capture("v1"));
      await bed.file(".env", `DB_PASSWORD=${SECRET}\nCOLOR=green\n`);
      const recoloured = value(await bed.runtime.capture("v1"));
      await bed.file("docker-compose.prod.yml", `# a word\n${stackFile(bed.docker.project, {})}`);
      const commented = value(await bed.runtime.capture("v1"));
      await bed.file(
        "docker-compose.prod.yml",
        stackFile(bed.docker.project, { web: "    hostname: other\n" }),
      );
      const renamed = value(await bed.runtime.capture("v1"));
      expect(new Set([first.id, recoloured.id, renamed.id]).size).toBe(3);
      expect(commented).toEqual(recoloured);
      const old = value(await bed.runtime.start(op("old"), "web", first));
      const other = value(await bed.runtime.start(op("new"), "web", recoloured));
      expect(await answer(old.url)).toBe("v1 blue");
      expect(await answer(other.url)).toBe("v1 green");
    },
    limitMs,
  );

  test(
    "secrets are in no release and in no readable file; originals are kept for people",
    async () => {
      const bed = await composeBed({ web: "    secrets: [pw]\n", rest: "secrets: {pw: {file: ./pw.txt}}\n" });
      await bed.file("pw.txt", "sesame-open-1\n");
      const release = value(await bed.runtime.capture("v1"));
      const where = composeLayout(bed.stateDir);
      const manifest = await readFile(where.manifest(release.id), "utf8");
      for (const text of [JSON.stringify(release), manifest]) {
        expect(text).not.toContain(SECRET);
        expect(text).not.toContain("sesame");
      }
      for (const folder of [where.root, where.release(release.id), where.service(release.id, "web")])
        expect((await stat(folder)).mode & 0o777).toBe(0o700);
      expect((await stat(where.composeFile(release.id, "web"))).mode & 0o777).toBe(0o600);
      const originals = await readdir(where.originals(release.id));
      expect(originals).toEqual(["1-docker-compose.prod.yml", "2-.env"]);
      for (const name of originals)
        expect((await stat(join(where.originals(release.id), name))).mode & 0o777).toBe(0o600);
      // The file changes; the release does not.
      await bed.file("pw.txt", "something-else\n");
      const instance = value(await bed.runtime.start(op("start"), "web", release));
      expect(await bed.docker.docker(["exec", instance.id, "cat", "/run/secrets/pw"])).toBe(
        "sesame-open-1\n",
      );
    },
    limitMs,
  );

  test(
    "a variable without a value is named, also a required one and one that is only passed through; a blank one may be allowed",
    async () => {
      const bed = await composeBed();
      await bed.file(".env", "COLOR=blue\n");
      expect(failure(await bed.runtime.capture("v1"))).toMatchObject({
        code: "config",
        what: expect.stringContaining("DB_PASSWORD"),
      });
      const stack = stackFile(bed.docker.project, {});
      await bed.file("docker-compose.prod.yml", stack.replace(`\${DB_PASSWORD}`, `\${DB_PASSWORD:?needed}`));
      const required = failure(await bed.runtime.capture("v1"));
      expect(required.what).toContain("the variable DB_PASSWORD, and it has no value");
      await bed.file(
        "docker-compose.prod.yml",
        stack.replace(`DB_PASSWORD: "\${DB_PASSWORD}"`, "DB_PASSWORD:"),
      );
      expect(failure(await bed.runtime.capture("v1")).what).toContain("DB_PASSWORD");
      await bed.file("docker-compose.prod.yml", stack);
      const lenient = bed.with({ stack: { ...bed.config.stack, blank: ["DB_PASSWORD"] } });
      value(await lenient.capture("v1"));
    },
    limitMs,
  );

  test(
    "mistakes are told before anything is pulled: an unused version variable, an unknown service, a file that Compose refuses",
    async () => {
      const bed = await composeBed();
      const typo = bed.with({ stack: { ...bed.config.stack, versionVariable: "TAGS" } });
      expect(failure(await typo.capture("v1")).what).toContain("does not use the variable TAGS");
      const unknown = bed.with({
        services: { wep: { class: "app", port: null, health: null, double: false } },
      });
      expect(failure(await unknown.capture("v1")).what).toContain("no service wep (it has web)");
      await bed.file("docker-compose.prod.yml", 'services: {web: {imagine: "$TAG"}}\n');
      expect(failure(await bed.runtime.capture("v1"))).toMatchObject({
        code: "config",
        what: expect.stringContaining("imagine"),
      });
      expect(failure(await bed.runtime.capture("../v1")).code).toBe("usage");
    },
    limitMs,
  );

  test(
    "the image is pinned: a moved tag changes nothing, a plain prune does not take it, and a lost one is named",
    async () => {
      const bed = await composeBed();
      const { project } = bed.docker;
      const release = value(await bed.runtime.capture("v1"));
      await bed.image("web", "v1", SERVER.replace("VERSION,", '"moved",'));
      // Only of this test: others build on the same engine.
      await bed.docker.docker(["image", "prune", "--force", "--filter", `label=lastgood.test=${project}`]);
      value(await bed.runtime.available(release));
      expect(await started(bed, release, "one")).toBe("v1 blue");
      await bed.docker.docker(["tag", `${project}/web:v2`, `lastgood/${project}-web:${release.id}`]);
      expect(await started(bed, release, "two")).toBe("v1 blue");
      const moved = value(await bed.runtime.capture("v1"));
      expect(moved.digest).not.toBe(release.digest);
      await bed.docker.docker([
        "image",
        "rm",
        "--force",
        `lastgood/${project}-web:${moved.id}`,
        `${project}/web:v1`,
      ]);
      const lost = failure(await bed.runtime.available(moved));
      expect(lost).toMatchObject({
        code: "missing",
        what: expect.stringContaining(`web (${project}/web:v1, sha256:`),
      });
      expect(failure(await bed.runtime.start(op("three"), "web", moved)).code).toBe("missing");
    },
    limitMs,
  );

  test(
    "a stored file that was changed or lost is damage, and capturing the version again mends it",
    async () => {
      const bed = await composeBed();
      const release = value(await bed.runtime.capture("v1"));
      const path = composeLayout(bed.stateDir).composeFile(release.id, "web");
      await writeFile(path, (await readFile(path, "utf8")).replace("blue", "red"));
      expect(failure(await bed.runtime.available(release)).code).toBe("damaged");
      expect(failure(await bed.runtime.start(op("start"), "web", release)).code).toBe("damaged");
      await rm(path);
      expect(failure(await bed.runtime.available(release)).code).toBe("missing");
      expect(value(await bed.runtime.capture("v1"))).toEqual(release);
      value(await bed.runtime.available(release));
    },
    limitMs,
  );

  test(
    "forgetting takes our names of its images and its files, and leaves the user's own names",
    async () => {
      const bed = await composeBed();
      const { project } = bed.docker;
      const release = value(await bed.runtime.capture("v1"));
      const other = value(await bed.runtime.capture("v2"));
      value(await bed.runtime.forget(op("forget"), release.id));
      const names = (await bed.docker.docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n");
      expect(names).not.toContain(`lastgood/${project}-web:${release.id}`);
      expect(names).toEqual(
        expect.arrayContaining([`${project}/web:v1`, `lastgood/${project}-web:${other.id}`]),
      );
      expect(await readdir(composeLayout(bed.stateDir).releases)).toEqual([other.id]);
    },
    limitMs,
  );
});

withDocker("compose runtime: services that are built", () => {
  const build = "build: ./app\n    image: ";
  const built = async () => {
    const bed = await composeBed();
    const { project } = bed.docker;
    const stack = stackFile(project, {
      services: `  jobs:\n    image: ${project}/web:mine\n    command: ["-e", "setInterval(() => {}, 1000)"]\n`,
    }).replace(`image: ${project}/web:\${TAG}`, `${build}${project}/web:mine`);
    await bed.file("docker-compose.prod.yml", stack);
    await bed.file(
      "app/Dockerfile",
      'FROM lastgood-test/base:1\nCOPY main.js /main.js\nENTRYPOINT ["node"]\nCMD ["/main.js"]\n',
    );
    await bed.file("app/main.js", SERVER);
    return bed;
  };
  const idOf = async (bed: ComposeBed, name: string) =>
    (await bed.docker.docker(["image", "inspect", "--format", "{{.Id}}", name])).trim();

  test.each([
    ["as Compose does it by itself", {}],
    ["by the classic builder", { DOCKER_BUILDKIT: "0" }],
  ])(
    "a build makes a release and leaves the user's own image name where it was (%s)",
    async (_, env) => {
      const bed = await built();
      const { project } = bed.docker;
      await bed.docker.docker(["tag", `${project}/web:v2`, `${project}/web:mine`]);
      const before = await idOf(bed, `${project}/web:mine`);
      const host = {
        ...bed.docker.host,
        run: (command: Parameters<typeof bed.docker.host.run>[0], signal?: AbortSignal) =>
          bed.docker.host.run({ ...command, env: { ...env, ...command.env } }, signal),
      };
      const runtime = bed.with({}, host);
      const release = value(await runtime.capture("v7"));
      expect(await idOf(bed, `${project}/web:mine`)).toBe(before);
      const image = imageOf(release, "web");
      expect(image).not.toBe(before);
      // The second service takes the image that was just built, under the name that both have.
      expect(imageOf(release, "jobs")).toBe(image);
      expect(release.services["jobs"]?.class).toBe("worker");
      expect(await idOf(bed, `lastgood/${project}-web:${release.id}`)).toBe(image);
      const label = ["image", "inspect", "--format", '{{index .Config.Labels "lastgood.version"}}', image];
      expect((await bed.docker.docker(label)).trim()).toBe("v7");
      expect(value(await runtime.capture("v7"))).toEqual(release);
      await bed.file("app/main.js", SERVER.replace("COLOR", "NOTHING"));
      expect(value(await runtime.capture("v7")).digest).not.toBe(release.digest);
    },
    limitMs,
  );

  test(
    "a build that fails says why, without secrets, and keeps nothing",
    async () => {
      const bed = await built();
      await bed.file(
        "app/Dockerfile",
        `FROM lastgood-test/base:1\nRUN echo no such thing as ${SECRET} >&2; exit 7\n`,
      );
      const error = failure(await bed.runtime.capture("v1"));
      expect(error).toMatchObject({ code: "failed", what: expect.stringContaining("web cannot be built") });
      expect(error.what).not.toContain(SECRET);
      await expect(readdir(composeLayout(bed.stateDir).releases)).rejects.toThrow("ENOENT");
    },
    limitMs,
  );
});

function imageOf(release: Release, service: string): string {
  const spec = release.services[service];
  return spec === undefined ? "" : composeSpecOf(spec).image;
}

async function started(bed: ComposeBed, release: Release, name: string): Promise<string> {
  return answer(value(await bed.runtime.start(op(name), "web", release)).url);
}
