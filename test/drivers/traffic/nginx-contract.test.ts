import { afterEach, beforeEach, test } from "vitest";
import { type TrafficBed, trafficContractWithoutHold } from "../../../src/testing/contracts/traffic.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, backend, op, route, type TestBackend } from "../../proxy/bed.ts";
import { type NginxBed, type NginxBedOptions, nginxBed } from "./nginx-bed.ts";

const withPart = await describeWith("nginx");

const kinds: Readonly<Record<string, NginxBedOptions>> = {
  "by a link, without a reload": { switchBy: "link" },
  "by its upstream and a reload": { switchBy: "reload" },
  "by a reload, with the include mounted as a single file": { switchBy: "reload", inPlace: true },
};

for (const [kind, options] of Object.entries(kinds)) {
  withPart(`a real nginx switched ${kind} fulfils the contract`, () => {
    let nginx: NginxBed;
    let backends: TestBackend[];

    beforeEach(async () => {
      nginx = await nginxBed(options);
      backends = [];
    }, 60_000);
    afterEach(async () => {
      await nginx.close();
      await Promise.all(backends.map((one) => one.close()));
    }, 60_000);

    function bed(): TrafficBed {
      return {
        traffic: nginx.traffic,
        cannotHold: true,
        again: async () => nginx.again(),
        op,
        async backend(name) {
          const made = await backend(name);
          backends.push(made);
          return route(made);
        },
        async ask(path) {
          const { status, headers } = await ask(`${nginx.url}${path}`);
          return { status, release: (headers["x-lastgood-release"] as string | undefined) ?? null };
        },
      };
    }

    for (const { name, run } of trafficContractWithoutHold) test(name, { timeout: 60_000 }, () => run(bed()));
  });
}
