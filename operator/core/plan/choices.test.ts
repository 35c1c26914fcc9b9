import { expect, test } from "vitest";
import { film, mediaJob, thumb } from "../../../test/builders/core.ts";
import { choicesOf } from "./choices.ts";

const choiceOf = (outputs: object[]) => {
  const { spec } = mediaJob({ outputs });
  return choicesOf(spec)[0]?.choice;
};

test.each([
  { name: "an only film, which looks for itself", outputs: [film], why: "in parts of 60 s, at once, when" },
  {
    name: "one of two passes, alone as beside others",
    outputs: [{ name: "mail", video: { targetBytes: 1e7 } }],
    why: "in one piece: two passes share the bits out over the whole film",
  },
  {
    name: "one that is copied",
    outputs: [{ name: "kept", video: { codec: "copy" } }],
    why: "in one piece: codec copy encodes nothing",
  },
  {
    name: "the only film beside other work, whose source is probed for it",
    outputs: [film, thumb],
    why: "in parts of 60 s, at once, when",
  },
])("a plan says why it makes in parts or in one piece $name", ({ outputs, why }) =>
  expect(choiceOf(outputs)).toContain(why),
);
