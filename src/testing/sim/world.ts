// The ports of the simulated world, bound to one life of a controller.
import type { Release } from "../../core/release.ts";
import { ok, problem } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Database } from "../../ports/database.ts";
import type { Flags } from "../../ports/flags.ts";
import type { HttpClient } from "../../ports/http-client.ts";
import type { Instance, Runtime } from "../../ports/runtime.ts";
import type { Traffic } from "../../ports/traffic.ts";
import type { World } from "../../ports/world.ts";
import { effect, type Life, point } from "./controller.ts";
import { type SimInstance, serving, type Target } from "./target.ts";

export function simWorld(target: Target, life: Life, clock: Clock): World {
  return {
    runtime: simRuntime(target, life),
    traffic: simTraffic(target, life),
    database: simDatabase(target, life, clock),
    flags: simFlags(target, life),
    http: simHttp(target, life),
    clock,
    children: {
      async reap(op) {
        point(life, "reap");
        // What a daemon still has under way lands before anybody can tell; ending our child does not stop it.
        // Out of order, too: what was asked for last may land first.
        for (const late of target.underway.splice(0).reverse()) late();
        const count = target.children.get(op) ?? 0;
        target.children.delete(op);
        return count;
      },
    },
  };
}

const noSpace = () => problem("no-space", "no space left on the device", "Free some space, then try again.");

function shown(instance: SimInstance): Instance {
  const { id, service, release, op, alive } = instance;
  return {
    id,
    service,
    release,
    op,
    url: `http://${id}`,
    state: alive ? "running" : "exited",
    lastLines: [`${id} said hello`],
  };
}

export function simRuntime(target: Target, life: Life): Runtime {
  const find = (release: string) => target.releases.get(release);
  return {
    async instances(service) {
      point(life, "look at instances");
      return ok(
        [...target.instances]
          .reverse()
          .filter((one) => one.service === service)
          .map(shown),
      );
    },
    async available(release) {
      point(life, "look at release");
      return find(release.id)
        ? ok({ bytes: 1 })
        : problem("missing", `${release.id} is not in the store`, "Deploy it again.");
    },
    async capture(version) {
      const found = target.sources.get(version);
      if (!found) return problem("missing", `no version ${version}`, "Name one that exists.");
      target.releases.set(found.id, found);
      return ok(found);
    },
    start: (op, service, release) =>
      effect(life, target, {
        label: `start ${release.id}`,
        op,
        check: () => (target.diskFull ? noSpace() : null),
        apply: () => shown(startOnce(target, op.id, service, release)),
        claim: () => shown({ id: "never-was", service, release: release.id, op: op.id, alive: true }),
      }),
    stop: (op, instance) =>
      effect(life, target, {
        label: `stop ${instance.id}`,
        op,
        check: () => null,
        apply: () => {
          for (const one of target.instances) if (one.id === instance.id) one.alive = false;
        },
        claim: () => undefined,
      }),
    forget: (op, release) =>
      effect(life, target, {
        label: `forget ${release}`,
        op,
        check: () =>
          target.instances.some((one) => one.release === release && one.alive)
            ? problem("refused", `${release} is running`, "Stop it first.")
            : null,
        apply: () => {
          target.releases.delete(release);
        },
        claim: () => undefined,
      }),
  };
}

function startOnce(target: Target, op: string, service: string, release: Release): SimInstance {
  const known = target.instances.find((one) => one.op === op && one.release === release.id);
  if (known) {
    known.alive = target.tempers.get(release.id) !== "crashes";
    return known;
  }
  const id = `${service}-${release.id}-${op}`;
  const instance = {
    id,
    service,
    release: release.id,
    op,
    alive: target.tempers.get(release.id) !== "crashes",
  };
  target.instances.push(instance);
  return instance;
}

export function simTraffic(target: Target, life: Life): Traffic {
  return {
    async now() {
      point(life, "look at route");
      return ok(target.route);
    },
    change: (op, expected, change) => {
      const route = target.route;
      return effect(life, target, {
        label: `route to ${change.backend?.release ?? "nobody"}${change.held ? ", held" : ""}`,
        op,
        check: () => {
          const done = target.route.op === op.id && target.route.generation === expected + 1;
          if (done) {
            target.route = { ...target.route, epoch: op.epoch };
            return ok(target.route);
          }
          if (target.route.generation === expected) return null;
          return problem(
            "conflict",
            `generation is ${target.route.generation}, not ${expected}`,
            "Look at the route.",
          );
        },
        apply: () => {
          // A late daemon compares as well: the switch itself holds the generation, not its caller.
          if (target.route.generation !== expected) return target.route;
          target.route = { ...route, ...change, generation: expected + 1, op: op.id, epoch: op.epoch };
          return target.route;
        },
        claim: () => ({ ...target.route, ...change }),
      });
    },
    async inFlight() {
      point(life, "count requests");
      return ok(0);
    },
    async whoAnswers() {
      point(life, "ask the public port");
      return ok({
        release: serving(target),
        status: serving(target) === null || target.route.held ? 503 : 200,
      });
    },
  };
}

export function simDatabase(target: Target, life: Life, clock: Clock): Database {
  const find = (id: string) => target.backups.find((one) => one.backup.id === id);
  return {
    backUp: (op, label) =>
      effect(life, target, {
        label: `back up ${label}`,
        op,
        check: () => (target.diskFull ? noSpace() : null),
        apply: () => copy(target, `${label}-${op.id}`, op.id, clock.now()),
        claim: () => ({ id: "never-was", op: op.id, at: 0, bytes: 0, sha256: "", rows: {} }),
      }),
    async backups() {
      point(life, "look at backups");
      return ok(target.backups.map((one) => one.backup).reverse());
    },
    async rehearse(backup) {
      const saved = find(backup)?.rows;
      if (!saved) return problem("missing", `no backup ${backup}`, "Name one that exists.");
      // biome-ignore lint/suspicious/noThenProperty: the port calls it so: rows then and rows now
      const loss = { table: "orders", then: saved.size, now: target.rows.size };
      const losses = loss.now === saved.size ? [] : [loss];
      return ok({ ms: 1, losses });
    },
    restore: (op, backup) =>
      effect(life, target, {
        label: `restore ${backup}`,
        op,
        once: true,
        check: () => {
          if (target.marks.includes(op.id)) {
            // Harmless here, but whoever asks did not look first.
            life.violations.push(`2: ${op.id} was asked for again although it had happened`);
            if (target.marker !== op.id)
              return problem("conflict", `${op.id} was replaced by ${target.marker}`, "Make a new plan.");
            return ok({ kept: `before-${op.id}` });
          }
          if (target.instances.some((one) => one.alive))
            return problem("busy", "the app has it open", "Stop the app first.");
          return find(backup) ? null : problem("missing", `no backup ${backup}`, "Name one that exists.");
        },
        apply: () => {
          const wanted = find(backup);
          const kept = copy(target, `before-${op.id}`, op.id, clock.now());
          target.rows = new Set(wanted?.rows);
          target.marker = op.id;
          target.marks.push(op.id);
          return { kept: kept.id };
        },
        claim: () => ({ kept: "never-was" }),
      }),
    async marker() {
      point(life, "look at marker");
      return ok(target.marker);
    },
    async position() {
      point(life, "look at position");
      return ok([...target.rows].sort().join(","));
    },
  };
}

function copy(target: Target, id: string, op: string, at: number) {
  const known = target.backups.find((one) => one.backup.id === id);
  if (known) return known.backup;
  const backup = { id, op, at, bytes: target.rows.size, sha256: "", rows: { orders: target.rows.size } };
  target.backups.push({ backup, rows: new Set(target.rows) });
  return backup;
}

function simHttp(target: Target, life: Life): HttpClient {
  return {
    async request({ url }) {
      point(life, "ask an instance");
      const instance = target.instances.find((one) => url.startsWith(`http://${one.id}/`));
      if (!instance?.alive) return problem("unreachable", "connection refused", "Is it running?");
      const status = target.tempers.get(instance.release) === "good" ? 200 : 503;
      return ok({ status, headers: {}, body: "" });
    },
  };
}

function simFlags(target: Target, life: Life): Flags {
  const now = (name: string) => target.flags.get(name) ?? { on: true, version: 1 };
  return {
    async read(name) {
      point(life, "look at flag");
      return ok(now(name));
    },
    write: (op, name, expected, on) =>
      effect(life, target, {
        label: `flag ${name} ${on ? "on" : "off"}`,
        op,
        check: () => {
          const { version } = now(name);
          if (version === expected) return null;
          return problem("conflict", `version is ${version}, not ${expected}`, "Look at the flag.");
        },
        apply: () => {
          // A late daemon compares as well.
          if (now(name).version === expected) target.flags.set(name, { on, version: expected + 1 });
          return now(name);
        },
        claim: () => ({ on, version: expected + 1 }),
      }),
  };
}
