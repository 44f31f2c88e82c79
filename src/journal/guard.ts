// Fail-stop: once the journal could not write or read, it says so for ever, and nothing may act any more.
import { JournalStopped } from "../ports/journal.ts";
import { isDeviceError, messageOf } from "./faults.ts";

export type Guard = {
  /** Throws `JournalStopped` when the journal has stopped. */
  check(): void;
  /** Look something up; any error stops the journal. */
  read<T>(work: () => T): T;
  /** Stop it for good, with the reason that every later call will repeat. */
  stop(why: string, cause?: unknown): never;
  /** Stop it without throwing: it was closed. */
  end(why: string): void;
  /** The device failed, so what is on it is unknown: the connection must not be closed any more. */
  deviceFailed(): boolean;
};

export function createGuard(file: string): Guard {
  let reason: string | null = null;
  let device = false;

  function stop(why: string, cause?: unknown): never {
    reason ??= why;
    device ||= isDeviceError(cause);
    throw new JournalStopped(`the journal ${file} has stopped: ${reason}`, { cause });
  }
  function check(): void {
    if (reason !== null) stop(reason);
  }
  return {
    check,
    stop,
    end(why) {
      reason ??= why;
    },
    deviceFailed: () => device,
    read(work) {
      check();
      try {
        return work();
      } catch (error) {
        stop(messageOf(error), error);
      }
    },
  };
}
