// Docker: a private engine with Compose, and the images that tests run.
import { makeImages, recipes } from "../images/index.ts";
import { startEngine, stopEngine } from "./engine.ts";
import { findProgram } from "./find-program.ts";
import type { Part } from "./part.ts";

const packages = ["docker.io", "iproute2", "iptables", "busybox-static"];
let isOurs = false;

export const docker: Part = {
  name: "docker",
  for: "containers, compose files, images (test/drivers, test/stacks)",
  packages,
  isInstalled: async () => {
    const programs = await Promise.all(
      ["docker", "dockerd", "ip", "iptables", "busybox"].map((name) => findProgram(name)),
    );
    return !programs.includes(null);
  },
  start: async () => {
    try {
      const engine = await startEngine();
      if (engine === null)
        return { there: false, how: `needs root, Compose v2, and apt-get install ${packages.join(" ")}` };
      isOurs = engine.started;
      await makeImages([], engine.env);
      const images = (await recipes()).map(({ tags }) => tags[0]).join(", ");
      return { there: true, what: `private engine at ${engine.socket} with ${images}` };
    } catch (error) {
      return { there: false, how: (error as Error).message };
    }
  },
  stop: async () => {
    if (isOurs) await stopEngine();
    isOurs = false;
  },
};
