// Text that goes to systemd, and text that comes from it. Pure.
import type { Instance } from "../../../ports/runtime.ts";

/** What `systemctl show` says of one unit. */
export type UnitState = {
  readonly unit: string;
  /** False where systemd knows no such unit. */
  readonly loaded: boolean;
  readonly active: string;
  readonly sub: string;
  readonly invocation: string;
  readonly restarts: number;
  /** Of its environment only what we set ourselves: the rest may be secret. */
  readonly marks: Marks | null;
};

export type Marks = { readonly instance: string; readonly release: string; readonly op: string };

const properties = ["Id", "LoadState", "ActiveState", "SubState", "InvocationID", "NRestarts", "Environment"];

export function showUnits(units: readonly string[]): readonly [string, ...string[]] {
  return ["systemctl", "show", "--no-pager", `--property=${properties.join(",")}`, "--", ...units];
}

/** Blocks of `Name=value` lines, one a unit, parted by empty lines, in the order that was asked for. */
export function parseUnits(text: string): readonly UnitState[] {
  const blocks = text.split(/\n\s*\n/).filter((block) => block.includes("Id="));
  return blocks.map((block) => {
    const values = new Map(
      block.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]),
    );
    const of = (name: string) => values.get(name) ?? "";
    return {
      unit: of("Id"),
      loaded: of("LoadState") === "loaded",
      active: of("ActiveState"),
      sub: of("SubState"),
      invocation: of("InvocationID"),
      restarts: Number(of("NRestarts")) || 0,
      marks: marksIn(of("Environment")),
    };
  });
}

function marksIn(environment: string): Marks | null {
  const find = (name: string) =>
    new RegExp(`(?:^|[ "])LASTGOOD_${name}=([A-Za-z0-9._-]+)`).exec(environment)?.[1];
  const [instance, release, op] = [find("INSTANCE"), find("RELEASE"), find("STARTED_BY")];
  return instance && release && op ? { instance, release, op } : null;
}

/** Something of it runs, or systemd is about to start it once more. */
export function isLive({ active }: UnitState): boolean {
  return (
    active === "active" || active === "activating" || active === "reloading" || active === "deactivating"
  );
}

/** A unit that systemd starts again and again is not well, whatever it says at this moment. */
const restartsOfTheUnwell = 2;

export function healthOf({ active, sub, restarts }: UnitState): Instance["health"] {
  if (sub === "auto-restart" || restarts >= restartsOfTheUnwell) return "unhealthy";
  return active === "activating" ? "starting" : "unsaid";
}

export type DropIn = {
  readonly marks: Marks;
  readonly service: string;
  readonly port: number;
  readonly folder: string;
  readonly envFile: string | null;
};

/**
 * The drop-in that gives the owner's unit its release. `%` begins a specifier in units, so it is doubled.
 * The mark of the op is not `LASTGOOD_OP`: that one is for children of a run, and an instance outlives its run.
 */
export function dropIn({ marks, service, port, folder, envFile }: DropIn): string {
  const path = (text: string) => text.replaceAll("%", "%%");
  const own = {
    PORT: String(port),
    LASTGOOD_INSTANCE: marks.instance,
    LASTGOOD_RELEASE: marks.release,
    LASTGOOD_SERVICE: service,
    LASTGOOD_STARTED_BY: marks.op,
  };
  return [
    "# Written by Lastgood for each start: which release this unit runs. Your own settings belong into the unit.",
    "[Service]",
    `WorkingDirectory=${path(folder)}`,
    ...(envFile === null ? [] : [`EnvironmentFile=${path(envFile)}`]),
    ...Object.entries(own).map(([name, value]) => `Environment=${name}=${value}`),
    "",
  ].join("\n");
}
