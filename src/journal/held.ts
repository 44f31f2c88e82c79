// Which journal files this process has open. POSIX drops a process's locks on a file when ANY of its
// descriptors of that file is closed, so nothing here may open a journal that is held; ask first.
import type { Err, Problem } from "../core/result.ts";
import { look } from "./disk.ts";
import { busy } from "./faults.ts";

export type Hold = {
  /** The connection is closed: the file may be opened again. */
  release(): void;
  /**
   * Leave the connection open, unused, until the process ends. Closing it would move the log into the main file and
   * delete it; after an I/O error, or in a damaged file, that would destroy what can still be read. Who asks
   * for the file again gets `why`; it may be put aside.
   */
  abandon(connection: unknown, why: Err<Problem>): void;
};

type Held = { readonly abandoned: Err<Problem> | null; readonly connection: unknown };

/** Module state on purpose: locks belong to the process. It also keeps what is abandoned from being collected. */
const held = new Map<string, Held>();

/** Why this process must not open the file; null when it may. */
export function heldBecause(file: string): Err<Problem> | null {
  const there = heldAt(file);
  return there === null ? null : (there.abandoned ?? busy(file));
}

/** True where an earlier opening in this process gave the file up: its lock is ours, and nobody uses it. */
export function isAbandoned(file: string): boolean {
  return heldAt(file)?.abandoned != null;
}

export function hold(file: string): Hold {
  const identity = look(file)?.identity ?? "";
  held.set(identity, { abandoned: null, connection: null });
  return {
    release: () => held.delete(identity),
    abandon: (connection, why) => held.set(identity, { abandoned: why, connection }),
  };
}

function heldAt(file: string): Held | null {
  const there = look(file);
  return there === null ? null : (held.get(there.identity) ?? null);
}
