// The access log: lines are collected in memory and written in batches; requests never wait for the disk.
import { type FileHandle, open, readdir, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { ProxyClock } from "./settings.ts";

const batchMs = 15;
/** Characters that wait for the disk; lines beyond are dropped and counted. */
const bufferChars = 4 * 1024 * 1024;
/** Pause after a failed write. */
const retryMs = 1_000;
/** How often it is looked whether the file still has its name. */
const identityCheckMs = 1_000;
const keptFiles = 2;

/** Where the log is; a reader compares it with what it can see. */
export type LogStats = {
  /** Number in the name of the current file; rises with every rotation. */
  readonly sequence: number;
  /** Bytes in the current file. */
  readonly offset: number;
  /** Lines written since start. */
  readonly lines: number;
  readonly dropped: number;
  /** How long the oldest unwritten line has waited; 0 when none waits. */
  readonly waitingMs: number;
  readonly lastError: string | null;
};

type Batch = { rest: Buffer; readonly lines: number; readonly since: number };
type Current = { handle: FileHandle; sequence: number; offset: number; identity: string };

export function logName(sequence: number): string {
  return `access-${String(sequence).padStart(8, "0")}.ndjson`;
}

async function logSequences(dir: string): Promise<number[]> {
  const names = await readdir(dir);
  return names
    .map((name) => /^access-(\d{8})\.ndjson$/.exec(name)?.[1])
    .filter((digits) => digits !== undefined)
    .map(Number)
    .sort((a, b) => a - b);
}

/** Owns the open log file. Before `open` lines are kept in memory. */
export class AccessLog {
  readonly #dir: string;
  readonly #rotateBytes: number;
  readonly #clock: ProxyClock;
  #lines: string[] = [];
  #chars = 0;
  #since = 0;
  #batch: Batch | null = null;
  #file: Current | null = null;
  #checkedAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #writing: Promise<void> | null = null;
  #written = 0;
  #dropped = 0;
  #lastError: string | null = null;

  constructor(dir: string, rotateBytes: number, clock: ProxyClock) {
    this.#dir = dir;
    this.#rotateBytes = rotateBytes;
    this.#clock = clock;
  }

  /** Go on with the newest file, or make the first. Throws where the folder can't be written. */
  async open(): Promise<void> {
    this.#file = await this.#openFile((await logSequences(this.#dir)).at(-1) ?? 1);
    await endTornLine(this.#file);
    this.#schedule(batchMs);
  }

  add(line: string): void {
    if (this.#chars + line.length > bufferChars) {
      this.#dropped += 1;
      return;
    }
    if (this.#lines.length === 0) this.#since = this.#clock.elapsed();
    this.#lines.push(line);
    this.#chars += line.length;
    this.#schedule(batchMs);
  }

  stats(): LogStats {
    const since = this.#batch?.since ?? (this.#lines.length > 0 ? this.#since : null);
    return {
      sequence: this.#file?.sequence ?? 0,
      offset: this.#file?.offset ?? 0,
      lines: this.#written,
      dropped: this.#dropped,
      waitingMs: since === null ? 0 : this.#clock.elapsed() - since,
      lastError: this.#lastError,
    };
  }

  /** Write what waits, once, and close. */
  async close(): Promise<void> {
    this.#unschedule();
    await this.#writing;
    this.#unschedule();
    await this.#flush();
    await this.#file?.handle.close();
    this.#file = null;
  }

  #schedule(afterMs: number): void {
    if (this.#timer || this.#writing || !this.#file) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#writing = this.#flush().finally(() => {
        this.#writing = null;
        if (this.#batch) this.#schedule(retryMs);
        else if (this.#lines.length > 0) this.#schedule(batchMs);
      });
    }, afterMs);
  }

  #unschedule(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #nextBatch(): Batch | null {
    if (this.#batch || this.#lines.length === 0) return this.#batch;
    const batch = { rest: Buffer.from(this.#lines.join("")), lines: this.#lines.length, since: this.#since };
    this.#lines = [];
    this.#chars = 0;
    return batch;
  }

  /** Writes one batch. After a failure what is left of it is kept and goes first next time. */
  async #flush(): Promise<void> {
    this.#batch = this.#nextBatch();
    if (!this.#batch || !this.#file) return;
    try {
      if (this.#file.offset >= this.#rotateBytes || !(await this.#stillThere(this.#file)))
        await this.#rotate(this.#file);
      while (this.#batch.rest.length > 0) {
        const { bytesWritten } = await this.#file.handle.write(this.#batch.rest);
        this.#file.offset += bytesWritten;
        this.#batch.rest = this.#batch.rest.subarray(bytesWritten);
      }
      this.#written += this.#batch.lines;
      this.#batch = null;
      this.#lastError = null;
    } catch (error) {
      this.#lastError = (error as Error).message;
    }
  }

  async #openFile(sequence: number): Promise<Current> {
    const handle = await open(join(this.#dir, logName(sequence)), "a+", 0o600);
    const { size, dev, ino } = await handle.stat();
    return { handle, sequence, offset: size, identity: `${dev}:${ino}` };
  }

  async #rotate(former: Current): Promise<void> {
    this.#file = await this.#openFile(former.sequence + 1);
    await former.handle.close();
    for (const old of await logSequences(this.#dir)) {
      if (old <= this.#file.sequence - keptFiles) await unlink(join(this.#dir, logName(old)));
    }
  }

  // Somebody may have removed or emptied the file: writing on into nowhere would blind every reader for good.
  async #stillThere(file: Current): Promise<boolean> {
    if (this.#clock.elapsed() - this.#checkedAt < identityCheckMs) return true;
    this.#checkedAt = this.#clock.elapsed();
    const seen = await stat(join(this.#dir, logName(file.sequence))).catch(() => null);
    return seen !== null && `${seen.dev}:${seen.ino}` === file.identity && seen.size >= file.offset;
  }
}

// A proxy that was killed while it wrote leaves half a line: end it, so that the next line stands alone.
async function endTornLine(file: Current): Promise<void> {
  if (file.offset === 0) return;
  const last = Buffer.alloc(1);
  await file.handle.read(last, 0, 1, file.offset - 1);
  if (last[0] === 0x0a) return;
  const { bytesWritten } = await file.handle.write("\n");
  file.offset += bytesWritten;
}
