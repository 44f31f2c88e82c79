// Which backups are what a restore replaced.

/** Kept to go back to. Ids of a store beside the database begin with its name: `redis-before-<op>`. */
export function isKept({ id, op }: { readonly id: string; readonly op: string }): boolean {
  return id === `before-${op}` || id.endsWith(`-before-${op}`);
}
