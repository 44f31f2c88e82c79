// A real part that tests need: a program, a daemon, a right. One file each; the table is in table.ts.

/** How looking for it came out; `how` says what a person can do. */
export type Looked =
  | { readonly there: true; readonly what: string }
  | { readonly there: false; readonly how: string };

export type Part = {
  readonly name: string;
  /** Which tests need it. */
  readonly for: string;
  /** Debian packages that bring it, and whether they are needed still; they are installed before any part starts. */
  readonly packages?: readonly string[];
  readonly isInstalled?: () => Promise<boolean>;
  /** Start it where that is possible, and say whether it is there. */
  start(): Promise<Looked>;
  /** End what `start` started; what was running before stays. */
  readonly stop?: () => Promise<void>;
};
