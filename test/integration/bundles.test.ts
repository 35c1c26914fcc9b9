import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { command } from "../cluster/command.ts";
import { PROGRAMS } from "../programs.ts";

const repository = join(import.meta.dirname, "../..");
const dist = dirname(PROGRAMS.worker);

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-bundles-"));
});

afterAll(() => rm(directory, { recursive: true }));

/** What only shows in the bundles: parts that are missing, native libraries not found, CommonJS out of its element. */
test("the bundled command makes a picture and a clip with the bundled worker", async () => {
  const media = join(directory, "media");
  await mkdir(media);
  await cp(join(repository, "examples/media/meadow.jpg"), join(media, "meadow.jpg"));
  await cp(join(repository, "examples/media/walk.mp4"), join(media, "walk.mp4"));
  const manifest = join(directory, "bundled.json");
  await writeFile(
    manifest,
    JSON.stringify({
      apiVersion: "mediajob.dev/v1alpha1",
      kind: "MediaJob",
      metadata: { name: "bundled" },
      spec: {
        sources: [
          { name: "meadow", volume: { claimName: "media", path: "meadow.jpg" } },
          { name: "walk", volume: { claimName: "media", path: "walk.mp4" } },
        ],
        outputs: [
          { name: "thumb", sources: ["meadow"], image: { format: "webp", width: 64 } },
          {
            name: "small",
            sources: ["walk"],
            video: { container: "mp4", codec: "h264", height: 120, preset: "ultrafast" },
          },
        ],
        destination: { volume: { claimName: "media", path: "out" } },
      },
    }),
  );
  const program = PROGRAMS.mediajob; // by its first line, as an installed one
  const printed = await command(
    program,
    ["run", manifest, "--volume", `media=${media}`, "--output", "json"],
    {
      env: { PATH: `${join(process.execPath, "..")}:${process.env.PATH}` },
    },
  );
  const { status } = JSON.parse(printed);
  expect(status.phase).toBe("Succeeded");
  expect((await readdir(join(media, "out"), { recursive: true })).sort()).toEqual(
    expect.arrayContaining(["meadow/thumb.webp", "walk/small.mp4"]),
  );
});

test("a video unit never reads the image library's code, nor an image unit that of ffmpeg", async () => {
  const parts = (await readdir(dist)).filter((name) => /^worker.*\.js$/.test(name));
  const holding = async (mark: string) => {
    const texts = await Promise.all(parts.map((name) => readFile(join(dist, name), "utf8")));
    return parts.filter((_, index) => texts[index]?.includes(mark));
  };
  const [images, ...moreImages] = await holding("@img/sharp-");
  const [video, ...moreVideo] = await holding("FfmpegCommand");
  expect([moreImages, moreVideo]).toEqual([[], []]);
  expect(new Set([images, video, "worker.js"]).size).toBe(3);
});

test("the operator says what is wrong with its command line, on a line that can be read", async () => {
  const failure: Error = await command(process.execPath, [PROGRAMS.operator, "--port", "x"]).then(
    () => new Error("it started"),
    (error) => error,
  );
  expect(failure.message).toContain("--port x: expected a port number");
  expect(Math.max(...failure.message.split("\n").map((line) => line.length))).toBeLessThan(400);
});

test("each bundle comes with the licences of what is in it", async () => {
  const licences = await readFile(join(dist, "worker.licenses.txt"), "utf8");
  for (const name of ["sharp", "fluent-ffmpeg", "zod"])
    expect(licences).toMatch(new RegExp(`^${name} \\d`, "m"));
  expect(licences).toContain("Apache License");
});
