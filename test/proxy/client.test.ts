import { expect, test } from "vitest";
import {
  askerAddress,
  clientKey,
  cookieValue,
  isTrustedPeer,
  network,
  plainAddress,
} from "../../src/proxy/client.ts";
import { requestHead } from "../../src/proxy/head.ts";

const asker = { address: "203.0.113.9", agent: "curl", account: "", session: "" };

test("a client key is 16 hex digits, stable, and none of what it is made of", () => {
  expect(clientKey(asker)).toMatch(/^[0-9a-f]{16}$/);
  expect(clientKey({ ...asker })).toBe(clientKey(asker));
});

test("account goes before session, session before address and agent", () => {
  const account = clientKey({ ...asker, account: "ann" });
  expect(clientKey({ address: "1.1.1.1", agent: "x", account: "ann", session: "s" })).toBe(account);
  const session = clientKey({ ...asker, session: "s" });
  expect(clientKey({ address: "1.1.1.1", agent: "x", account: "", session: "s" })).toBe(session);
  const keys = [
    account,
    session,
    clientKey(asker),
    clientKey({ ...asker, agent: "x" }),
    clientKey({ ...asker, account: "s" }),
  ];
  expect(new Set(keys).size).toBe(keys.length);
});

test("all addresses of one IPv6 network of 64 bits are one client", () => {
  const key = (address: string) => clientKey({ ...asker, address });
  expect(key("2001:db8:1:2::1")).toBe(key("2001:0db8:0001:0002:aaaa:bbbb:cccc:dddd"));
  expect(key("2001:db8:1:2::1")).not.toBe(key("2001:db8:1:3::1"));
  expect(network("::1")).toBe(network("::2"));
  expect(network("2001:db8::1")).toBe("2001:db8:0:0::/64");
});

test("an IPv4 address in IPv6 clothes is the IPv4 address", () => {
  expect(plainAddress("::ffff:10.1.2.3")).toBe("10.1.2.3");
  expect(plainAddress("fe80::1%eth0")).toBe("fe80::1");
  expect(plainAddress(undefined)).toBe("unknown");
});

test.each([
  ["127.0.0.1", true],
  ["::1", true],
  ["10.0.0.1", true],
  ["172.16.0.1", true],
  ["172.31.255.1", true],
  ["172.32.0.1", false],
  ["192.168.1.1", true],
  ["fd00::1", true],
  ["8.8.8.8", false],
  ["2001:db8::1", false],
  ["100.1.1.1", false],
])("a peer at %s is believed: %s", (address, trusted) => expect(isTrustedPeer(address)).toBe(trusted));

test.each([
  ["a public peer is the asker, whatever it writes", "8.8.8.8", ["1.1.1.1"], "8.8.8.8"],
  ["a proxy of ours without the field is the asker itself", "172.18.0.5", [], "172.18.0.5"],
  [
    "behind one proxy of ours it is the address that it appended",
    "172.18.0.5",
    ["9.9.9.9, 203.0.113.7"],
    "203.0.113.7",
  ],
  [
    "behind two of them the inner one does not count",
    "127.0.0.1",
    ["203.0.113.7", "10.0.0.2"],
    "203.0.113.7",
  ],
  ["in an intranet it is the oldest", "172.18.0.5", ["192.168.1.9, 10.0.0.2"], "192.168.1.9"],
  ["ports and brackets are no part of an address", "127.0.0.1", ["[2001:db8::7]:443"], "2001:db8::7"],
  ["nor is the port of the fourth version", "127.0.0.1", ["203.0.113.7:5500"], "203.0.113.7"],
  ["words that are no address end the search", "127.0.0.1", ["203.0.113.7, unknown"], "127.0.0.1"],
])("%s", (_name, peer, chain, asker) => expect(askerAddress(peer, chain)).toBe(asker));

test("a public peer's forwarding fields are replaced, all of them", () => {
  const { headers } = requestHead({
    rawHeaders: [
      "Host",
      "a",
      "X-Forwarded-For",
      "1.1.1.1",
      "X-Forwarded-Proto",
      "https",
      "X-Forwarded-Host",
      "b",
      "X-Forwarded-Port",
      "1",
      "Forwarded",
      "for=1",
      "X-Real-IP",
      "1",
    ],
    method: "GET",
    url: "/",
    httpVersion: "1.1",
    address: "8.8.8.8",
    keyHeader: undefined,
    keyCookie: undefined,
  });
  expect(headers).toEqual([
    "host",
    "a",
    "x-forwarded-for",
    "8.8.8.8",
    "x-forwarded-proto",
    "http",
    "x-forwarded-host",
    "a",
  ]);
});

test("a cookie is found by its whole name", () => {
  expect(cookieValue("asid=1; sid=a=b ; x", "sid")).toBe("a=b");
  expect(cookieValue("asid=1", "sid")).toBe("");
});
