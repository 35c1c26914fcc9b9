import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createWorkspace, onVolume, type Workspace } from "./workspace.ts";

let workspace: Workspace;
const local = mkdtempSync(join(tmpdir(), "mediajob-same-"));

beforeAll(async () => {
  workspace = await createWorkspace("same-everywhere");
  workspace.put("dogs.jpg");
  workspace.put("meadow.jpg");
});

afterAll(async () => {
  rmSync(local, { recursive: true });
  await workspace?.remove();
});

/** Something of all that an image output can do; small, since what is shown is where it runs. */
const IMAGES: Record<string, object> = {
  ...Object.fromEntries(
    ["jpeg", "png", "webp", "avif", "tiff", "gif"].map((format) => [format, { format, width: 200 }]),
  ),
  cover: { format: "webp", width: 160, height: 160, position: "attention" },
  turned: { format: "webp", width: 200, rotate: 15, background: "#335577", flop: true },
  region: { format: "webp", extract: { left: 40, top: 40, width: 300, height: 200 }, kernel: "mitchell" },
  framed: { format: "jpeg", width: 200, extend: { top: 9, bottom: 9, extendWith: "mirror" }, density: 300 },
  round: { format: "png", width: 128, height: 128, shape: { circle: {} }, palette: { colours: 64 } },
  grey: { format: "webp", width: 200, grayscale: true, normalise: {}, sharpen: { sigma: 1 } },
  clearer: { format: "webp", width: 200, enhance: { strength: 0.8 }, modulate: { saturation: 1.3 } },
  marked: {
    format: "jpeg",
    width: 200,
    overlays: [
      { image: { path: "in/meadow.jpg", width: 80 }, gravity: "northwest", opacity: 0.6, blend: "screen" },
      { text: { text: "© Example", size: 20, font: "sans bold" }, gravity: "southeast" },
    ],
  },
  fits: { format: "webp", width: 300, maxBytes: 6000 },
  wide: { format: "webp", width: 200, colourspace: "p3", metadata: "Technical" },
  deep: { format: "png", width: 64, bitDepth: 16 },
  whole: { format: "jpeg", metadata: "Strip", keepMetadata: ["Gps"], autoOrient: false },
  set: {
    format: "jpeg",
    formats: ["webp"],
    widths: [80, 160],
    placeholders: ["BlurHash", "ThumbHash", "Lqip", "DominantColour"],
  },
};

test("`mediajob run` and the cluster make the same bytes from the same manifest", async () => {
  const outputs = Object.entries(IMAGES).map(([name, image]) => ({ name, image }));
  const manifest = {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "same" },
    spec: {
      sources: [{ name: "dogs", ...onVolume("in/dogs.jpg") }],
      outputs: [...outputs, { name: "about", metadata: {} }],
      destination: onVolume("out"),
    },
  };
  mkdirSync(join(local, "media/in"), { recursive: true });
  for (const name of ["dogs.jpg", "meadow.jpg"])
    copyFileSync(join(workspace.files, "in", name), join(local, "media/in", name));
  writeFileSync(join(local, "same.json"), JSON.stringify(manifest));
  const cli = join(import.meta.dirname, "../../operator/cli/main.ts");
  execFileSync(process.execPath, [cli, "run", join(local, "same.json")], { stdio: "ignore" });

  await workspace.apply(manifest);
  await workspace.wait("same", "condition=Complete");

  const made = hashesOf(join(workspace.files, "out/dogs"));
  expect(made).toEqual(hashesOf(join(local, "media/out/dogs")));
  const files = outputs.length + 4; // a set of four files and its description, and one of metadata
  expect(Object.keys(made)).toHaveLength(files + 1);
});

/** sha256 of each file in a folder, by name. */
const hashesOf = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder).map((name) => [
      name,
      createHash("sha256")
        .update(readFileSync(join(folder, name)))
        .digest("hex"),
    ]),
  );
