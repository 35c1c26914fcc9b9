import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { embeddedPixels } from "../../../worker-image/image/read/embedded-pictures.ts";
import { drawingBytesOf, drawSvg, svgHeader } from "../../../worker-image/image/read/svg.ts";
import type { SvgRequest } from "../../../worker-image/image/read/svg-program.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "mediajob-svg-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function anSvg(body: string, { size = 'width="30" height="20"', secondsMax = 60, embedded = 0 } = {}) {
  const path = join(directory, "drawing.svg");
  await writeFile(path, `<svg xmlns="http://www.w3.org/2000/svg" ${size}>${body}</svg>`);
  const { size: bytes } = await stat(path);
  const drawingBytes = drawingBytesOf(bytes, embedded);
  return { path, drawingBytes, pixelsMax: 10 ** 6, secondsMax, watchChild() {}, width: 30, height: 20 };
}

/** Noise that takes about two seconds a layer. */
const slow = (layers: number) =>
  `<filter id="f" x="0" y="0" width="1" height="1">${'<feTurbulence baseFrequency="0.5" numOctaves="10"/>'.repeat(layers)}</filter><rect width="1000" height="1000" filter="url(#f)"/>`;

/** So many times more pixels than the drawing has, in a few kilobytes. */
async function aPicture(edge: number): Promise<string> {
  const png = await sharp({ create: { width: edge, height: edge, channels: 3, background: "#ffffff" } })
    .toColourspace("b-w")
    .png()
    .toBuffer();
  return `<image width="30" height="20" preserveAspectRatio="none" href="data:image/png;base64,${png.toString("base64")}"/>`;
}

test("a drawing has its header, and its picture at any scale", async () => {
  const svg = await anSvg('<rect width="15" height="20" fill="#dc281e"/>');
  expect(await svgHeader(svg)).toMatchObject({ format: "svg", width: 30, height: 20, channels: 4 });
  const { data, info } = await sharp(await drawSvg(svg, 10))
    .raw()
    .toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width: 300, height: 200, channels: 4 });
  const edge = 100 * 300 + 149;
  expect([...data.subarray(edge * 4, edge * 4 + 8)], "drawn, not enlarged").toEqual([
    ...[0xdc, 0x28, 0x1e, 255],
    ...[0, 0, 0, 0],
  ]);
});

test("a text in several fonts is drawn, however small the drawing is", async () => {
  const svg = await anSvg(
    '<text y="15" font-family="serif">a<tspan font-family="monospace">b</tspan></text>',
  );
  expect((await sharp(await drawSvg(svg, 1)).stats()).channels[3]?.max).toBeGreaterThan(0);
});

test("a photograph within a drawing is drawn", async () => {
  const svg = await anSvg(await aPicture(1000));
  const pixels = await embeddedPixels(svg.path);
  expect(pixels).toEqual([10 ** 6]);
  const drawingBytes = drawingBytesOf(0, 10 ** 6);
  const { channels } = await sharp(await drawSvg({ ...svg, drawingBytes }, 1)).stats();
  expect(channels.every(({ mean }) => mean > 250)).toBe(true);
});

test.each([
  {
    name: "a picture within it that has more pixels than memory is allowed",
    body: () => aPicture(8000),
    limits: {},
    expected: /exceeds the limit of \d+Mi of memory/,
  },
  {
    name: "filters that take longer than is allowed",
    body: async () => slow(20),
    limits: { size: 'width="1000" height="1000"', secondsMax: 1, embedded: 10 ** 8 },
    expected: /timeout after 1 s/,
  },
  {
    name: "more pixels than are allowed",
    body: async () => "",
    limits: { size: 'width="1001" height="1000"' },
    expected: /exceeds pixel limit/,
  },
])("$name ends the drawing, and nothing else", async ({ body, limits, expected }) => {
  await expect(drawSvg(await anSvg(await body(), limits), 1)).rejects.toThrow(expected);
});

test("who has used up its processor time is told so, and is not taken for one that had no memory", async () => {
  const { path } = await anSvg(slow(20), { size: 'width="1000" height="1000"' });
  const request: SvgRequest = { path, density: 72, memoryBytes: 2 ** 31, pixelsMax: 10 ** 6, secondsMax: 1 };
  const program = join(import.meta.dirname, "../../../worker-image/image/read/svg-program.ts");
  const drawing = spawn(process.execPath, [program, JSON.stringify(request)], { stdio: "ignore" });
  const [, signal] = await once(drawing, "exit");
  expect(signal).toBe("SIGXCPU");
});

test("reading a header is limited too: a drawing without a size is measured by drawing it", async () => {
  const bomb = await anSvg(await aPicture(8000), { size: "" });
  await expect(svgHeader(bomb)).rejects.toThrow(/exceeds the limit of \d+Mi of memory/);
});

test("a size that is no number for libvips is too large, and not 1 pixel", async () => {
  await expect(svgHeader(await anSvg("", { size: 'width="1000000000" height="1"' }))).rejects.toThrow(
    "too large",
  );
});
