// Node 24 with the SQLite that comes with it: everything runs on it, so without it nothing is begun.
import type { Part } from "./part.ts";

const leastMajor = 24;

export const node: Part = {
  name: "node",
  for: "everything",
  async start() {
    const { node: version, sqlite = "none" } = process.versions;
    const isNew = Number(version.split(".")[0]) >= leastMajor;
    if (isNew && sqlite !== "none") return { there: true, what: `${version}, SQLite ${sqlite}` };
    return {
      there: false,
      how: `this is node ${version}; say npm ci, then npm test: they bring node ${leastMajor}`,
    };
  },
};
