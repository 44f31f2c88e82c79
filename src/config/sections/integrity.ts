// `integrity:` what must be true of the data.
import { z } from "zod";
import { argument, complain, name } from "../values.ts";

const bound = (description: string) =>
  z
    .number()
    .optional()
    .meta({ title: "number", description, examples: [0] });

export const integrity = z
  .strictObject({
    name: name("orders-without-customer").meta({ description: "What people call it." }),
    sql: argument().meta({
      description:
        "A query that answers with one number, in the database's own SQL. It can only read. Nothing (NULL) counts as 0.",
      examples: ["SELECT count(*) FROM orders WHERE customer_id NOT IN (SELECT id FROM customers)"],
    }),
    equals: bound("The only right answer."),
    atLeast: bound("No smaller answer is right."),
    atMost: bound("No larger answer is right."),
  })
  .superRefine(({ equals, atLeast, atMost }, context) => {
    if ([equals, atLeast, atMost].some((one) => one !== undefined)) return;
    complain(context, ["equals"], {
      what: "nothing says which answer is right",
      fix: "write equals, atLeast or atMost",
    });
  });
