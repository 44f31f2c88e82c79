// Which instances there are: what the records say, checked against the live processes and completed by them.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { ProcessRef } from "../../../ports/processes.ts";
import type { Layout, ProcessRuntimeDeps } from "./config.ts";
import { type InstanceRecord, readRecords } from "./records.ts";

export type Seen = {
  readonly record: InstanceRecord;
  /** The process that was started, while it lives. */
  readonly main: ProcessRef | null;
  /** Everything alive that carries this instance's mark, `main` included. */
  readonly alive: readonly ProcessRef[];
};

/**
 * `whole` scans all processes of the machine. `quick` asks the records and what the newest scan found, all checked for
 * being alive now; it scans as well when that is older than `scanEveryMs`, or when a record is not complete.
 */
export type Look = (how: "whole" | "quick") => Promise<Result<readonly Seen[]>>;

/**
 * A scan takes 10 ms and more, and a rollback looks six times on its way to the switch. Only the controller of the
 * moment starts instances (the fence), and it looks whole before it does: what a quick look can miss is an instance
 * whose record was lost within the last two seconds.
 */
const scanEveryMs = 2_000;

type Scanned = { readonly atMs: number; readonly marked: Map<string, ProcessRef[]> };

/** Newest first. Two ways to find a process, because a program may overwrite its environment and a record may be lost. */
export function looker(deps: ProcessRuntimeDeps, where: Layout): Look {
  let newest: Scanned | null = null;
  return async (how) => {
    // Records first: what starts after this is in the processes, so nothing falls between.
    const records = await readRecords(deps.files, where);
    if (!records.ok) return records;
    const usable = how === "quick" && newest !== null && suffices(deps, newest, records.value);
    if (!usable) {
      const marked = await scan(deps, where);
      if (!marked.ok) return marked;
      newest = { atMs: deps.clock.elapsed(), marked: marked.value };
    }
    const rest = stillAlive(deps, newest);
    const seen: Seen[] = [];
    for (const record of records.value) {
      const refs = rest.get(record.id) ?? [];
      if (record.process === null && refs.length > 0) continue; // incomplete: the process knows better
      rest.delete(record.id);
      seen.push(match(deps, record, refs));
    }
    for (const [id, refs] of rest) {
      const at = records.value.find((record) => record.id === id)?.at ?? deps.clock.now();
      const recovered = await recover(deps, id, refs, at);
      if (recovered !== null) seen.push(recovered);
    }
    return ok(seen.sort((a, b) => b.record.at - a.record.at));
  };
}

function suffices(
  deps: ProcessRuntimeDeps,
  { atMs, marked }: Scanned,
  records: readonly InstanceRecord[],
): boolean {
  const known = ({ id, process }: InstanceRecord) =>
    process !== null && (marked.has(id) || !deps.processes.alive(process));
  return deps.clock.elapsed() - atMs < scanEveryMs && records.every(known);
}

function stillAlive(deps: ProcessRuntimeDeps, newest: Scanned | null): Map<string, readonly ProcessRef[]> {
  const alive = new Map<string, readonly ProcessRef[]>();
  for (const [id, refs] of newest?.marked ?? []) {
    const left = refs.filter((ref) => deps.processes.alive(ref));
    if (left.length > 0) alive.set(id, left);
  }
  return alive;
}

async function scan(deps: ProcessRuntimeDeps, where: Layout): Promise<Result<Map<string, ProcessRef[]>>> {
  try {
    return ok(await markedProcesses(deps, where));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const what = `cannot see which processes run: ${why}`;
    return problem("failed", what, "use this runtime on Linux, or choose another runtime");
  }
}

/**
 * Live processes of this runtime by instance id, oldest first. The runtime's mark decides, not the instance's alone:
 * two environments on one machine may have instances of the same name. Throws where processes cannot be seen.
 */
export async function markedProcesses(
  deps: ProcessRuntimeDeps,
  where: Layout,
): Promise<Map<string, ProcessRef[]>> {
  const byInstance = new Map<string, ProcessRef[]>();
  const self = deps.processes.self(); // a person may run us from inside an instance
  for (const ref of await deps.processes.find("LASTGOOD_STATE", where.root)) {
    const id = ref.pid === self.pid ? null : await deps.environment(ref, "LASTGOOD_INSTANCE");
    if (id === null) continue; // ourselves, or it ended meanwhile
    byInstance.set(id, [...(byInstance.get(id) ?? []), ref]);
  }
  return byInstance;
}

function match(deps: ProcessRuntimeDeps, record: InstanceRecord, marked: readonly ProcessRef[]): Seen {
  if (record.process === null) return { record, main: null, alive: [] }; // never spawned
  const started = record.process;
  const lives = record.bootId === deps.clock.bootId() && deps.processes.alive(started);
  if (!lives) return { record, main: null, alive: marked };
  const others = marked.filter(({ pid }) => pid !== started.pid);
  return { record, main: started, alive: [started, ...others] };
}

/**
 * The record is lost, or the controller died between the spawn and completing it. The process is there, and its
 * environment says all that the record said. The oldest is the one that was started; the others are its helpers.
 */
async function recover(
  deps: ProcessRuntimeDeps,
  id: string,
  refs: readonly ProcessRef[],
  at: number,
): Promise<Seen | null> {
  const [main] = refs;
  if (main === undefined) return null;
  const [service, release, port] = await Promise.all(
    ["LASTGOOD_SERVICE", "LASTGOOD_RELEASE", "PORT"].map((name) => deps.environment(main, name)),
  );
  if (!service || !release || !port) return null; // it ended meanwhile
  const record = {
    id,
    service,
    release,
    op: id.slice(`${service}-${release}-`.length),
    port: Number(port),
    at,
    bootId: deps.clock.bootId(),
    process: main,
  };
  return { record, main, alive: refs };
}
