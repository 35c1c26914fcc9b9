import { expect, test } from "vitest";
import type { MadeOutput } from "../../../crds/result.ts";
import { describeSet } from "./image-set.ts";

const made = (file: string, width: number, format = "png"): MadeOutput => ({
  ...{ source: "s", output: "o", phase: "Succeeded", uri: `volume://media/out/${file}` },
  ...{ format, width, height: 10, bytes: 1, sha256: "0" },
});

test("a srcset has each width once, the widest first, whatever was asked for", () => {
  const files = [
    made("a-30w.png", 30),
    made("a-90w.png", 40),
    made("a-60w.png", 40),
    made("a.webp", 40, "webp"),
  ];
  const { srcset, images } = describeSet({ source: "s", output: "o", at: "out/o.json" }, files, {});
  expect(srcset).toEqual({ png: "a-90w.png 40w, a-30w.png 30w", webp: "a.webp 40w" });
  expect(images).toHaveLength(4);
});
