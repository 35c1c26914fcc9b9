import { expect, test } from "vitest";
import { onPaper } from "./paper-white.ts";

test.each([
  {
    name: "white",
    line: "Style: Default,Arial,16,&HFFFFFF,&H0",
    pq: "Style: Default,Arial,16,&H949494,&H000000",
  },
  { name: "what is transparent", line: "Style: A,&H80FFFFFF", pq: "Style: A,&H80949494" },
  {
    name: "a colour of a text",
    line: String.raw`Dialogue: {\c&H00FFFF&\3c&HFF&\alpha&HFF&}yes &HFF`,
    pq: String.raw`Dialogue: {\c&H009494&\3c&H000094&\alpha&HFF&}yes &HFF`,
  },
])("$name is as bright as paper", ({ line, pq }) => expect(onPaper(line, "HDR10")).toBe(pq));

test("SDR stays as it is", () => {
  expect(onPaper("Style: A,&H80FFFFFF", "SDR")).toBe("Style: A,&H80FFFFFF");
});
