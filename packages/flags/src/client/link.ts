// Keeps in touch with the service: for ever, whatever it does. Says what it hears and when it went silent.
import { isDelta, isFull } from "./table.ts";
import type { Delta, Full, Timers } from "./types.ts";
import type { Stream, Wire } from "./wire.ts";

/** No sign of life for this long: what we have is stale. The service beats every two seconds. */
export const staleMs = 4_500;
/** A fresh connection must bring the whole state within this; it gets more while bytes pour in. */
const firstEventMs = 1_200;
const pouringBytes = 16 * 1024;
const pauseMs = { first: 100, most: 700, refused: 4_000 };
/** A controller of the past is believed when it is still the only one after so many tries. */
const oldTries = 8;

export type Hearing = {
  full(full: Full): void;
  /** False: it does not fit, everything is asked for. */
  delta(delta: Delta): boolean;
  /** A beat: this is the version that counts. */
  beat(version: number): boolean;
  stale(why: string): void;
  fresh(): void;
  epoch(): number;
  headers(): Readonly<Record<string, string>>;
};

export class Link {
  readonly #wire: Wire;
  readonly #timers: Timers;
  readonly #hearing: Hearing;
  #failures = 0;
  #refusedOld = 0;
  #stream: Stream | null = null;
  #cancelWait: () => void = () => undefined;
  #cancelStale: () => void = () => undefined;
  #closed = false;
  /** When the last whole event came, by the timers; null: never. */
  heardAt: number | null = null;
  stale = true;
  trouble: string | null = null;

  constructor(wire: Wire, timers: Timers, hearing: Hearing) {
    this.#wire = wire;
    this.#timers = timers;
    this.#hearing = hearing;
  }

  start(): void {
    this.#connect();
  }

  close(): void {
    this.#closed = true;
    this.#cancelWait();
    this.#cancelStale();
    this.#stream?.close();
  }

  /** On the stream itself, where it goes both ways. */
  confirm(version: number): boolean {
    return this.#stream?.confirm(version) ?? false;
  }

  #connect(): void {
    if (this.#closed) return;
    let bytes = 0;
    let counted = 0;
    let begun = false;
    let over = false;
    let cancelFirst: () => void = () => undefined;
    const stream = this.#wire.open(this.#hearing.headers(), {
      bytes: (count) => {
        bytes = count;
      },
      event: (name, data) => {
        if (over) return;
        const fits = this.#event(name, data, begun);
        if (fits === "began") {
          begun = true;
          this.#failures = 0;
          cancelFirst();
        }
        if (fits === false) this.#drop(stream, "what it sent does not fit");
        else if (fits !== "ignored") this.#alive();
      },
      end: (why) => {
        over = true;
        cancelFirst();
        this.#stream = null;
        this.#lost(why);
      },
    });
    if (over) return;
    this.#stream = stream;
    const watch = () => {
      cancelFirst = this.#timers.after(firstEventMs, () => {
        if (bytes - counted < pouringBytes) return this.#drop(stream, "it sent nothing whole in time");
        counted = bytes;
        watch();
      });
    };
    watch();
  }

  #drop(stream: Stream, why: string): void {
    this.trouble = why;
    stream.close();
  }

  /** `began` with the whole state, false where the connection is of no use, `ignored` where it says nothing to us. */
  #event(name: string, data: string, begun: boolean): "began" | "went on" | "ignored" | false {
    let value: unknown;
    try {
      value = JSON.parse(data);
    } catch {
      return false;
    }
    if (name === "full" && isFull(value)) {
      if (value.epoch < this.#hearing.epoch() && ++this.#refusedOld < oldTries) return false;
      this.#refusedOld = 0;
      this.#hearing.full(value);
      return "began";
    }
    if (!begun) return name === "full" || name === "delta" ? false : "ignored";
    if (name === "delta") return isDelta(value) && this.#hearing.delta(value) ? "went on" : false;
    if (name !== "beat") return "ignored";
    return this.#hearing.beat(Number((value as { version?: unknown } | null)?.version)) ? "went on" : false;
  }

  #alive(): void {
    this.heardAt = this.#timers.now();
    this.trouble = null;
    this.#cancelStale();
    this.#cancelStale = this.#timers.after(staleMs, () => {
      this.stale = true;
      this.trouble ??= "it went silent";
      this.#hearing.stale(this.trouble);
      // Half open: it looks connected and is not.
      this.#stream?.close();
    });
    if (!this.stale) return;
    this.stale = false;
    this.#hearing.fresh();
  }

  #lost(why: string): void {
    if (this.#closed) return;
    if (why !== "closed") this.trouble = why;
    this.#failures += 1;
    const refused = /answered 40[13]$/.test(why);
    const most = refused ? pauseMs.refused : pauseMs.most;
    const ms = Math.min(most, pauseMs.first * 2 ** Math.min(this.#failures - 1, 10));
    this.#cancelWait = this.#timers.after(ms * (0.5 + Math.random() / 2), () => this.#connect());
  }
}
