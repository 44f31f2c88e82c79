// Types of make-versions.mjs for those who import it from TypeScript.
export const VERSIONS: Readonly<Record<string, { readonly does: string; readonly faults: object }>>;
export function makeVersions(targetDir: string): Readonly<Record<string, string>>;
