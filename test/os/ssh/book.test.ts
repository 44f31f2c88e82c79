// The book of hosts, with a real sshd: what is scanned, what is trusted, what is asked.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hosts } from "../../../src/app/hosts.ts";
import { localFiles } from "../../../src/os/files.ts";
import { type BookPlaces, sshBook } from "../../../src/os/ssh-book.ts";
import { describeWith } from "../../parts/needs.ts";
import { sshBed } from "./bed.ts";

const timeout = 60_000;

async function bookBed() {
  const bed = await sshBed();
  const places: BookPlaces = { folder: join(bed.sshd.folder, "hosts"), sockets: bed.places.sockets };
  const book = hosts(sshBook(places, localFiles(), bed.local));
  const { user, port, identityFile, fingerprint } = bed.sshd;
  const wish = { name: "web-1", address: `${user}@127.0.0.1:${port}`, identityFile, fingerprint: null };
  return { ...bed, places, book, wish, fingerprint };
}

(await describeWith("sshd"))("the book of hosts", () => {
  test("shows the fingerprint that the machine has, trusts it once accepted, and not before", {
    timeout,
  }, async () => {
    const { book, wish, fingerprint, places } = await bookBed();
    const offered = await book.offer(wish);
    expect(offered).toMatchObject({ ok: true, value: { host: { key: { fingerprint } }, replaces: null } });
    expect((await book.check("web-1")).problem?.code).toBe("missing");
    if (!offered.ok) return;
    expect((await book.accept(offered.value)).outcome).toBe("done");
    expect((await book.accept({ ...offered.value, replaces: offered.value.host })).outcome).toBe("unchanged");
    const known = join(places.folder, "web-1.known_hosts");
    expect((await stat(known)).mode & 0o777).toBe(0o600);
    expect((await readFile(known, "utf8")).trim().split("\n").length).toBe(1);
    expect((await book.list()).what).toContain(fingerprint);
    const checked = await book.check("web-1");
    expect(checked.what).toMatch(/^web-1: reachable, Linux .*, \d+ ms a command$/);
    expect(checked.outcome).toBe("done");
  });

  test("a fingerprint that it does not show is refused, and nothing is trusted", { timeout }, async () => {
    const { book, wish } = await bookBed();
    expect(await book.offer({ ...wish, fingerprint: "SHA256:wrong" })).toMatchObject({
      ok: false,
      error: { code: "refused", what: expect.stringContaining("not SHA256:wrong") },
    });
    expect((await book.list()).what).toBe("No other machine is known.");
  });

  test("after a change of its key it is refused until it is accepted anew", { timeout }, async () => {
    const { book, wish, sshd } = await bookBed();
    const first = await book.offer(wish);
    if (!first.ok) throw new Error(first.error.what);
    await book.accept(first.value);
    await sshd.changeHostKey();
    const refused = await book.check(null);
    expect([refused.outcome, refused.what]).toEqual([
      "refused",
      "web-1: host web-1 shows another host key than the one that was accepted",
    ]);
    const second = await book.offer(wish);
    expect(second).toMatchObject({ ok: true, value: { replaces: first.value.host } });
    if (second.ok) await book.accept(second.value);
    expect((await book.check("web-1")).outcome).toBe("done");
  });

  test("a removed host is not trusted any more", { timeout }, async () => {
    const { book, wish, places } = await bookBed();
    const offered = await book.offer(wish);
    if (!offered.ok) throw new Error(offered.error.what);
    await book.accept(offered.value);
    expect((await book.remove("web-1")).outcome).toBe("done");
    expect((await book.remove("web-1")).problem?.code).toBe("missing");
    await expect(stat(join(places.folder, "web-1.known_hosts"))).rejects.toThrow();
  });

  test("an entry that somebody changed is damaged, and trusts nobody", { timeout }, async () => {
    const { book, wish, places } = await bookBed();
    const offered = await book.offer(wish);
    if (!offered.ok) throw new Error(offered.error.what);
    await book.accept(offered.value);
    const file = join(places.folder, "web-1.json");
    await writeFile(file, (await readFile(file, "utf8")).replace(/"SHA256:./, '"SHA256:_'));
    expect((await book.check(null)).problem).toMatchObject({ code: "damaged", where: file });
  });

  test("a port that shows no key is unreachable", { timeout }, async () => {
    const { book, wish, sshd } = await bookBed();
    await sshd.stop();
    expect(await book.offer(wish)).toMatchObject({ ok: false, error: { code: "unreachable" } });
  });

  test("a folder for sockets that others may write in is refused", { timeout }, async () => {
    const { host, places } = await sshBed();
    const { chmod, mkdir } = await import("node:fs/promises");
    await mkdir(places.sockets);
    await chmod(places.sockets, 0o777);
    expect(await host.connect()).toMatchObject({ ok: false, error: { code: "refused" } });
  });
});

test.each(["id", "~/.ssh/id", '/a"b', "/a$b"])("%s is no path of a key", async (identityFile) => {
  const never = () => expect.unreachable();
  const book = hosts({ scan: never, all: never, put: never, remove: never, open: never });
  const offered = await book.offer({ name: "web", address: "a@b", identityFile, fingerprint: null });
  expect(offered).toMatchObject({
    ok: false,
    error: { code: "usage", what: expect.stringContaining("key") },
  });
});

test.each([
  ["Web", "a@b", "name"],
  ["local", "a@b", "name"],
  ["../x", "a@b", "name"],
  ["web", "b", "address"],
  ["web", "a@-oProxyCommand=x", "address"],
  ["web", "-a@b", "address"],
  ["web", "a@b:0", "address"],
  ["web", "a@b:70000", "address"],
  ["web", "a@b c", "address"],
])("host add %s %s is a mistake in the %s", async (name, address, what) => {
  const never = () => expect.unreachable();
  const book = hosts({ scan: never, all: never, put: never, remove: never, open: never });
  expect(await book.offer({ name, address, identityFile: null, fingerprint: null })).toMatchObject({
    ok: false,
    error: { code: "usage", what: expect.stringContaining(what) },
  });
});
