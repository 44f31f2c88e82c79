// A pgBackRest on the machine is a question that init asks; a server in a container is not archived by it.
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bedFolder } from "../../parts/bed.ts";
import { planned, write } from "./folder.ts";

const settings = `[global]
repo1-path=/backup
[global:archive-push]
compress-level=3
[shop]
pg1-path=/var/lib/postgresql/15/main
`;

async function questions(url: string): Promise<string> {
  const ends: (() => Promise<void>)[] = [];
  const folder = await bedFolder("init-stanza", (end) => ends.push(end));
  onTestFinished(async () => {
    for (const end of ends) await end();
  });
  write(folder, {
    "compose.yml":
      "services:\n  web:\n    build: .\n    ports: ['3000:3000']\n  db: { image: 'postgres:15' }\n",
    ".env": `DATABASE_URL=${url}\n`,
    "etc/pgbackrest.conf": settings,
  });
  const { proposal } = await planned(folder, { etc: join(folder, "etc") });
  return proposal.unknown.join("\n");
}

test("a stanza of the machine is named for a server of the machine", async () => {
  const said = await questions("postgres://shop:secret@host.docker.internal:5432/shop");
  expect(said).toContain("whether the database is in pgBackRest's stanza shop");
  expect(said).not.toContain("stanza global");
  expect(await questions("postgres://shop:secret@db:5432/shop")).not.toContain("pgBackRest");
});
