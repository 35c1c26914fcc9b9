import { expect, test } from "vitest";
import { film, mediaJob, thumb } from "../../../test/builders/core.ts";
import { defaultConfiguration } from "../configuration.ts";
import { choicesOf } from "./choices.ts";
import { plan } from "./plan.ts";

const choiceOf = (outputs: object[]) => {
  const { spec } = mediaJob({ outputs });
  return choicesOf(spec, plan(spec, defaultConfiguration().pools))[0]?.choice;
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
    name: "the only film beside other work, however long it is",
    outputs: [film, thumb],
    why: "in one piece: where one unit alone encodes video, no source is probed for it",
  },
])("a plan says why it makes in parts or in one piece $name", ({ outputs, why }) =>
  expect(choiceOf(outputs)).toContain(why),
);
