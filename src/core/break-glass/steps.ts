// What a person does to bring a release back with nothing but the platform's own tools, as plain data.

/** Stands for the folder with the kept files wherever it occurs in an argument. */
export const keptFolder = "{kept}";

export type Argv = readonly [string, ...string[]];

export type HandAct =
  /** `mayFail`: go on without it; for what may be done already. */
  | { readonly act: "run"; readonly argv: Argv; readonly mayFail?: boolean }
  /** Run `each` with every line of what `list` prints as its last argument. */
  | { readonly act: "for-each"; readonly list: Argv; readonly each: Argv }
  /** Ask again, a second apart, until one of these lists prints something. */
  | {
      readonly act: "until-listed";
      readonly lists: readonly Argv[];
      readonly tries: number;
      readonly otherwise: string;
    }
  /** The same with GET: any answer from 200 to 399. By curl or wget, whichever is there. */
  | {
      readonly act: "until-answers";
      readonly url: string;
      readonly tries: number;
      readonly log: string | null;
    }
  /** End every process that has this in its environment: ask, wait, kill. */
  | { readonly act: "end-marked"; readonly name: string; readonly value: string; readonly graceS: number }
  /** End the Lastgood processes that have this file open, also where it was deleted. */
  | { readonly act: "end-controller"; readonly file: string }
  /** Start a kept script as a process that outlives this shell; its output goes to `log` beside it. */
  | { readonly act: "start"; readonly script: string; readonly log: string };

export type HandStep = {
  /** One sentence that tells a person what to do, and why where that is not plain. */
  readonly say: string;
  readonly acts: readonly HandAct[];
};

/** Must be there after the state folder is gone; `name` is relative to the folder of kept files. */
export type Kept =
  /** Written 0600: it may hold secrets. */
  | { readonly name: string; readonly text: string }
  /** A file or a folder, copied. */
  | { readonly name: string; readonly from: string };

export type ByHand = {
  readonly steps: readonly HandStep[];
  readonly keep: readonly Kept[];
  /** How Lastgood gets it back afterwards, one sentence each. */
  readonly handBack: readonly string[];
  /** Programs that it needs beside a POSIX shell. */
  readonly needs: readonly string[];
};

export type Glass = {
  readonly app: string;
  readonly env: string;
  readonly version: string;
  readonly release: string;
  /** As text, UTC. */
  readonly writtenAt: string;
  readonly byHand: ByHand;
};
