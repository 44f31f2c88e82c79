// Work on the same thing, one after the other, within this controller.

export type Locks = <T>(key: string, work: () => Promise<T>) => Promise<T>;

export function locks(): Locks {
  const tails = new Map<string, Promise<unknown>>();
  return async (key, work) => {
    const mine = (tails.get(key) ?? Promise.resolve()).then(work, work);
    tails.set(key, mine);
    try {
      return await mine;
    } finally {
      if (tails.get(key) === mine) tails.delete(key);
    }
  };
}
