/** Commands that a step runs and that must not outlive it: each carries `LASTGOOD_OP` in its environment. */
export interface Children {
  /** End every live process with this op in its environment (TERM, grace, KILL). Returns how many there were. */
  reap(op: string): Promise<number>;
}
