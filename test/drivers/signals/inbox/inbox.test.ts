import { expect, test } from "vitest";
import type { Received } from "../../../../src/core/signals/event.ts";
import { type Kept, openInbox } from "../../../../src/drivers/signals/inbox/inbox.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { value } from "../../../proxy/bed.ts";

/** A journal of one environment, that another controller may open again. */
function journal() {
  const rows: Kept[] = [];
  const clock = {
    at: 0,
    now: () => 0,
    elapsed: () => clock.at,
    bootId: () => "b",
    sleep: async () => undefined,
  };
  const open = () =>
    openInbox({
      clock,
      past: (limit) => rows.slice(-limit),
      record(deliveries) {
        const written = deliveries.map((received, i) => ({ seq: rows.length + 1 + i, at: 7, received }));
        rows.push(...written);
        return written;
      },
    });
  return { rows, clock, open };
}

function delivery(id: string, via = "generic"): Received {
  const event = { at: 1, kind: "alert" as const, subject: id, what: `${id} is bad` };
  const trial = { at: 1, ok: false, client: "c", route: "payment" };
  return { env: "production", via, delivery: id, events: [event], trials: [trial], more: 0 };
}

test.each(signalsContract.map((one) => [one.name, one] as const))("an inbox: %s", async (_, one) => {
  const { open } = journal();
  const inbox = open();
  let count = 0;
  const happen = async () => {
    count += 1;
    inbox.take([delivery(`d${count}`)]);
  };
  await one.run({ open: () => inbox.signals, happen, loss: null });
});

test("a delivery counts once, also in one request, also after a restart of the controller", () => {
  const { rows, open } = journal();
  expect(open().take([delivery("a"), delivery("a"), delivery("a", "sentry")])).toBe("taken");
  expect(rows).toHaveLength(2);
  expect(open().take([delivery("a")])).toBe("known");
  expect(rows).toHaveLength(2);
});

test("another controller tells from the same position on", async () => {
  const { open } = journal();
  const inbox = open();
  inbox.take([delivery("before")]);
  const from = value(await inbox.signals.position());
  inbox.take([delivery("after")]);
  const batch = value(await open().signals.observe(from));
  expect(batch.events?.map((event) => event.subject)).toEqual(["after"]);
  expect(batch.observations).toMatchObject([{ release: "", ok: false, route: "payment" }]);
});

test("more than the journal should hold in a minute is not taken, and comes again later", () => {
  const { rows, open, clock } = journal();
  const inbox = open();
  for (let i = 0; i < 600; i += 1) expect(inbox.take([delivery(`d${i}`)])).toBe("taken");
  expect(inbox.take([delivery("late")])).toBe("full");
  expect(inbox.take([delivery("d1")])).toBe("known");
  clock.at += 60_000;
  expect(inbox.take([delivery("late")])).toBe("taken");
  expect(rows).toHaveLength(601);
});

test("ids that are too long ago are forgotten, so that memory stays bounded", () => {
  const { open, clock } = journal();
  const inbox = open();
  for (let i = 0; i < 2_100; i += 1) {
    clock.at += 200;
    inbox.take([delivery(`d${i}`)]);
  }
  expect(inbox.take([delivery("d2099")])).toBe("known");
  expect(inbox.take([delivery("d0")])).toBe("taken");
});
