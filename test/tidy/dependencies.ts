// Which packages come along with the product, and whether each has its reason.

export const mostDependencies = 8;

/** What is wrong, in words. A reason is a table row of the page: `| zod | why |`. */
export function checkDependencies(packageJson: string, page: string): readonly string[] {
  const { dependencies = {} } = JSON.parse(packageJson) as {
    readonly dependencies?: Readonly<Record<string, string>>;
  };
  const used = Object.keys(dependencies);
  const reasons = reasonsIn(page);
  const wrong =
    used.length > mostDependencies ? [`${used.length} dependencies; ${mostDependencies} are the limit`] : [];
  const bare = used.filter((name) => (reasons.get(name) ?? "") === "").map((name) => `${name} has no reason`);
  const gone = [...reasons.keys()]
    .filter((name) => !used.includes(name))
    .map((name) => `${name} is explained, but not used`);
  return [...wrong, ...bare, ...gone];
}

function reasonsIn(page: string): ReadonlyMap<string, string> {
  const rows = page.matchAll(/^\| *`([^`]+)` *\|(.*)\|$/gm);
  return new Map([...rows].map(([, name = "", reason = ""]) => [name, reason.trim()]));
}
