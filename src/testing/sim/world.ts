// The ports of the simulated world, bound to one life of a controller.
import type { Release } from "../../core/release.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Database } from "../../ports/database.ts";
import type { Flags } from "../../ports/flags.ts";
import type { HttpClient } from "../../ports/http-client.ts";
import type { Rollout, RolloutState } from "../../ports/rollout.ts";
import type { Instance, Runtime } from "../../ports/runtime.ts";
import type { RouteState, Traffic } from "../../ports/traffic.ts";
import type { World } from "../../ports/world.ts";
import { effect, type Life, point } from "./controller.ts";
import { routeOf, type SimInstance, type Target } from "./target.ts";

export function simWorld(target: Target, life: Life, clock: Clock): World {
  return {
    runtime: simRuntime(target, life),
    traffic: (service) => simTraffic(target, life, service),
    rollout: target.rollouts.size > 0 ? simRollout(target, life) : null,
    tasks: null,
    adoption: null,
    database: simDatabase(target, life, clock),
    flags: simFlags(target, life),
    flows: null,
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
    health: "unsaid",
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
  const known = target.instances.find(
    (one) => one.op === op && one.release === release.id && one.service === service,
  );
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

export function simTraffic(target: Target, life: Life, service: string): Traffic {
  const now = () => routeOf(target, service);
  const set = (route: RouteState) => {
    target.routes.set(service, route);
    return route;
  };
  return {
    async now() {
      point(life, "look at route");
      return ok(now());
    },
    change: (op, expected, change) => {
      const route = now();
      return effect(life, target, {
        label: `route to ${change.backend?.release ?? "nobody"}${change.held ? ", held" : ""}`,
        op,
        check: () => {
          const done = now().op === op.id && now().generation === expected + 1;
          if (done) return ok(set({ ...now(), epoch: op.epoch }));
          if (now().generation === expected) return null;
          return problem(
            "conflict",
            `generation is ${now().generation}, not ${expected}`,
            "Look at the route.",
          );
        },
        apply: () => {
          // A late daemon compares as well: the switch itself holds the generation, not its caller.
          if (now().generation !== expected) return now();
          return set({ ...route, ...change, generation: expected + 1, op: op.id, epoch: op.epoch });
        },
        claim: () => ({ ...now(), ...change }),
      });
    },
    async inFlight() {
      point(life, "count requests");
      return ok(0);
    },
    async whoAnswers() {
      point(life, "ask the public port");
      const release = target.instances.find(
        (one) => one.alive && one.id === now().backend?.instance,
      )?.release;
      const answers = release !== undefined && target.tempers.get(release) === "good" && !now().held;
      return ok({ release: release ?? null, status: answers ? 200 : 503 });
    },
  };
}

/** Each look lets the platform go on: it either brings the new copies up, or gives up and keeps the old ones. */
export function simRollout(target: Target, life: Life): Rollout {
  const state = (service: string): Result<RolloutState> => {
    const now = target.rollouts.get(service);
    if (!now) return problem("missing", `there is no service ${service}`, "Deploy it.");
    const { generation, release, op, serves, gaveUp } = now;
    const running = serves === release ? 1 : 0;
    const is = gaveUp ? "failed" : running === 1 ? "steady" : "updating";
    return ok({ generation, release, op, state: is, running, wanted: 1, what: `${serves} answers` });
  };
  const goOn = (service: string) => {
    const now = target.rollouts.get(service);
    if (!now || now.gaveUp || now.serves === now.release) return;
    const isGood = target.tempers.get(now.release) === "good";
    target.rollouts.set(service, isGood ? { ...now, serves: now.release } : { ...now, gaveUp: true });
    life.onChange();
  };
  return {
    async now(service) {
      point(life, "look at rollout");
      goOn(service);
      return state(service);
    },
    async change(op, service, expected, release) {
      const order = () => {
        const now = target.rollouts.get(service);
        if (now?.generation !== expected) return;
        target.rollouts.set(service, {
          ...now,
          generation: expected + 1,
          release: release.id,
          op: op.id,
          gaveUp: false,
        });
      };
      const ordered = await effect(life, target, {
        label: `roll ${service} out to ${release.id}`,
        op,
        check: () => {
          const now = target.rollouts.get(service);
          if (now?.op === op.id) return ok(undefined);
          return now?.generation === expected ? null : problem("conflict", "it was changed", "Look at it.");
        },
        apply: order,
        claim: () => undefined,
      });
      return ordered.ok ? state(service) : ordered;
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
