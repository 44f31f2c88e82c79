// Both example stacks as they are: init, deploy, then deploys and rollbacks in turn under load through nginx.
// Rounds: LASTGOOD_ROUNDS (1); load: LASTGOOD_LOAD requests a second (50). `npm run long` has more.
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilHealthy } from "../../../src/demo/stack/until.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { layBed, ofStack, type StackBed } from "./bed.ts";

const rounds = Number(process.env["LASTGOOD_ROUNDS"] ?? 1);
const perSecond = Number(process.env["LASTGOOD_LOAD"] ?? 50);
const limitMs = 120_000 + rounds * 90_000;

const withParts = await describeWith("docker", "nginx", "postgres");

for (const kind of ["hibachi", "hummii"] as const)
  withParts(`the ${kind} stack, unchanged`, () => {
    const { later, end } = laterOn();
    let bed: StackBed;
    const stateful = kind === "hummii" ? ["redis", "postgres"] : ["redis"];
    const released = kind === "hummii" ? ["api", "worker", "frontend", "admin"] : ["production-api"];
    let startedAt: readonly string[];
    const theirs = () => `label=com.docker.compose.project=${bed.stack.name}`;
    const startsOf = () => Promise.all(stateful.map((service) => bed.startedAt(service)));

    beforeAll(async () => {
      bed = await layBed(kind, later);
      startedAt = await startsOf();
    }, limitMs);
    afterAll(end, limitMs);

    test(
      "with the config as init wrote it, `deploy --plan` says what would be done and `deploy` does it",
      async () => {
        const before = await bed.containers(theirs());
        const plan = await bed.lastgood("deploy", "v1", "--plan");
        expect(plan.exit, plan.out + plan.err).toBe(0);
        expect(plan.out + plan.err).toContain("First what runs now is taken over, as as-found.");
        expect(await bed.containers(theirs())).toEqual(before);
        const said = await bed.deploy("v7");
        expect(said.exit, said.out + said.err).toBe(0);
        expect(await bed.answers()).toBe("v7");
        expect(await startsOf()).toEqual(startedAt);
      },
      limitMs,
    );

    test(
      `${rounds} rollbacks and ${rounds} deploys under load lose nothing, and restart nothing stateful`,
      async () => {
        await bed.watchFor("{ for: 30m, check: 1s }");
        const load = bed.load(perSecond);
        for (let round = 0; round < rounds; round++) {
          const back = await bed.rollback("as-found");
          expect(back.exit, back.out + back.err).toBe(0);
          expect(await bed.answers()).toBe("v1");
          const out = await bed.deploy("v7", "--lift", "to and fro");
          expect(out.exit, out.out + out.err).toBe(0);
          expect(await bed.answers()).toBe("v7");
        }
        const report = await load.stop();
        console.log(
          `${kind}: ${rounds} rollbacks, ${rounds} deploys, ${report.requests} requests in ${Math.round(report.seconds)} s, ` +
            `${report.lostCount} lost, ${report.acknowledgedWrites.length} writes confirmed, ${report.notSent} not sent`,
        );
        expect(report.lost).toEqual([]);
        expect(report.websocket.closedUnexpectedly).toBe(0);
        expect(report.websocket.echoed).toBeGreaterThan(0);
        expect(report.byVersion["v1"]?.requests ?? 0).toBeGreaterThan(0);
        expect(report.acknowledgedWrites.length).toBeGreaterThan(0);
        expect(await bed.lostWrites(report)).toEqual([]);
        expect(await startsOf()).toEqual(startedAt);
      },
      limitMs,
    );

    test(
      "`leave` gives the stack back: their own compose file serves, on its names and ports, and nothing of ours is left",
      async () => {
        // Where a published port changes hands there is a gap, which the plan told of. Their nginx in a container has to be
        // reloaded to find their own containers again, which may reset a kept connection that is just idle; nothing else.
        const load = bed.load(perSecond, { websocket: false });
        const said = await bed.lastgood("leave", "--yes", "--json");
        expect(said.exit, said.out + said.err).toBe(0);
        const report = await load.stop();
        if (kind === "hummii") expect(report.lost.filter((one) => one.kind !== "reset")).toEqual([]);
        expect(await bed.answers()).toBe("v7");
        const services = (await bed.stack.compose(["ps", "--services", "--status", "running"])).split("\n");
        expect(services).toEqual(expect.arrayContaining([...released]));
        // What has ended is kept to look at; nothing of ours runs, or has a name or a network of theirs.
        const ours = (await bed.containers(ofStack(bed))).filter((one) => one.kind !== "");
        expect(ours.filter((one) => one.kind === "edge" || one.state !== "exited")).toEqual([]);
        const networks = ["network", "ls", "--quiet", "--filter", `name=lastgood-${bed.stack.name}`];
        expect(await bed.docker.docker(networks)).toBe("");
        expect(await startsOf()).toEqual(startedAt);
        expect(await bed.lostWrites(report)).toEqual([]);
        await bed.stack.compose(["up", "--detach"]);
        await untilHealthy(bed.stack.healthUrl);
      },
      limitMs,
    );
  });
