// The terminal, or what stands for it in a test.

export type Io = {
  out(text: string): void;
  err(text: string): void;
  /** Standard error is a terminal: live progress and colour make sense. */
  readonly live: boolean;
  /** A person can be asked. */
  readonly interactive: boolean;
  readonly columns: number;
  readonly color: boolean;
  ask(question: string): Promise<string>;
  /** Who stands at the keyboard, for the record. */
  readonly user: string;
  /** Called once when the person presses Ctrl-C; returns how to stop listening. */
  onInterrupt(act: () => void): () => void;
};
