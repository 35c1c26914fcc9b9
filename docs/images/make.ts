/**
 * Makes the pictures on docs/image-fields.md, and the page: `npm run docs:images`. Each is an output of one
 * MediaJob, run as anybody would run it; what is on the page is what a worker makes.
 */
import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import sharp from "sharp";
import { stringify } from "yaml";
import type { MediaJob } from "../../crds/media-job.ts";
import { imageOutput } from "../../crds/outputs/image.ts";
import { FIELD_EXAMPLES, type FieldExample } from "./examples.ts";
import { enlarged, halfLoaded, stretched, told } from "./side-by-side.ts";

/** A part of the picture in which there is something to see, whatever its source. */
const REGIONS = {
  dogs: { region: { left: 108, top: 36, width: 32, height: 30 }, times: 6 },
  glow: { region: { left: 0, top: 0, width: 120, height: 80 }, times: 1.5 },
};

const repository = resolve(import.meta.dirname, "../..");
const work = mkdtempSync(join(tmpdir(), "mediajob-docs-"));
try {
  await makeSources();
  // A MediaJob holds 50 outputs, and a row may take two.
  const rows: string[] = [];
  for (let at = 0; at < FIELD_EXAMPLES.length; at += 25) {
    rows.push(...(await makeRows(FIELD_EXAMPLES.slice(at, at + 25))));
  }
  writeFileSync(join(repository, "docs/image-fields.md"), pageOf(rows));
} finally {
  rmSync(work, { recursive: true });
}

async function makeSources(): Promise<void> {
  mkdirSync(join(work, "in"));
  for (const name of ["dogs", "meadow"]) {
    writeFileSync(join(work, "in", name), readFileSync(join(repository, `examples/media/${name}.jpg`)));
  }
  writeFileSync(join(work, "in/glow"), readFileSync(join(repository, "examples/media/glow.png")));
  await dusk().toFile(join(work, "in/dusk"));
  const frames = await Promise.all(
    Array.from({ length: 8 }, (_, turn) =>
      sharp(Buffer.from(hand(turn * 45)))
        .png()
        .toBuffer(),
    ),
  );
  await sharp(frames, { join: { animated: true } })
    .gif({ delay: frames.map(() => 120) })
    .toFile(join(work, "in/spin"));
  const logo = `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120"><circle cx="100" cy="60" r="40" fill="#dc281e" fill-opacity="0.6"/><circle cx="125" cy="60" r="30" fill="#1e3cc8"/></svg>`;
  await sharp(Buffer.from(logo)).png().toFile(join(work, "in/logo"));
}

/** So little light that 8 bits have few steps for it. */
function dusk() {
  const [width, height] = [240, 100];
  const pixels = Uint16Array.from({ length: width * height * 3 }, (_, index) => {
    const [x, channel] = [Math.floor(index / 3) % width, index % 3];
    return 257 * (20 + channel * 6 + (x / width) * 14);
  });
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .toColourspace("rgb16")
    .png();
}

function hand(degrees: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"><rect width="48" height="48" fill="#ffffff"/><circle cx="24" cy="24" r="20" fill="#335577"/><rect x="22" y="6" width="4" height="20" fill="#ffcc00" transform="rotate(${degrees} 24 24)"/></svg>`;
}

async function makeRows(examples: readonly FieldExample[]): Promise<string[]> {
  const manifest = {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "docs" },
    spec: {
      sources: ["dogs", "meadow", "spin", "logo", "glow", "dusk"].map((name) => ({
        name,
        volume: { claimName: "media", path: `in/${name}` },
      })),
      outputs: examples.flatMap(({ field, source, image, against }) => {
        const output = { name: field.toLowerCase(), sources: [source], image: { format: "webp", ...image } };
        if (!against) return [output];
        const { [field]: _, ...rest } = output.image as Record<string, unknown>;
        return [output, { ...output, name: `${output.name}-against`, image: { ...rest, ...against.image } }];
      }),
      destination: { volume: { claimName: "media", path: "out" }, template: "{source}/{output}.{ext}" },
    },
  };
  const cli = join(repository, "operator/cli/main.ts");
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [cli, "run", "-", "--volume", `media=${work}`, "--output", "json"],
    { input: JSON.stringify(manifest), encoding: "utf8", maxBuffer: 2 ** 26 },
  );
  const job = JSON.parse(stdout || "{}") as MediaJob;
  if (status !== 0) throw new Error(`the MediaJob failed: ${JSON.stringify(job.status?.failures)} ${stderr}`);
  return await Promise.all(
    examples.map(async (example) => {
      const folder = join(work, "out", example.source);
      const own = new RegExp(`^${example.field.toLowerCase()}(-\\d+w|-against)?\\.(?!json)`);
      const files = readdirSync(folder).filter((file) => own.test(file));
      return await rowOf(
        example,
        files.toSorted().map((file) => join(folder, file)),
      );
    }),
  );
}

async function rowOf(example: FieldExample, files: readonly string[]): Promise<string> {
  const { field, source, image } = example;
  const other = files.find((file) => file.includes("-against."));
  const own = files.filter((file) => file !== other);
  const [first] = own;
  if (!first || !existsSync(first)) throw new Error(`${field} was not made`);
  const name = `${field}.${other ? "webp" : first.split(".").at(-1)}`;
  writeFileSync(
    join(import.meta.dirname, name),
    other ? await sideBySide(example, [other, first]) : readFileSync(first),
  );
  const { width, pageHeight, height } = await sharp(first).metadata();
  const sizes = own.map((file) => `${file.split(".").at(-1)} ${statSync(file).size} bytes`).join(", ");
  const beside = other ? `, the other ${statSync(other).size} bytes` : "";
  const words = imageOutput.shape[field].description ?? "";
  const shown = stringify(image, { collectionStyle: "flow", lineWidth: 0 }).trim();
  return `| \`${field}\` | ![${field}](images/${name}) | \`${shown}\`<br>of ${source}: ${width} × ${pageHeight ?? height}, ${sizes}${beside}<br>${words.replaceAll("|", "\\|")} |`;
}

async function sideBySide(
  { field, source, image, against }: FieldExample,
  [other, own]: readonly [string, string],
): Promise<Buffer> {
  const said = (fields: Partial<Record<string, unknown>>) => `${field}: ${shownAs(fields[field])}`;
  const files = [
    { file: other, label: against?.image[field] === undefined ? `no ${field}` : said(against.image) },
    { file: own, label: said(image) },
  ] as const;
  if (against?.shown === "told") return await told(files);
  if (against?.shown === "stretched") return await stretched(files, against.stronger ?? 1);
  if (against?.shown === "half loaded") return await halfLoaded(files, 0.4);
  const { region, times } = source === "glow" ? REGIONS.glow : REGIONS.dogs;
  return await enlarged(files, { region, times, stronger: against?.stronger ?? 1 });
}

function shownAs(value: unknown): string {
  return stringify(value, { collectionStyle: "flow" }).trim();
}

function pageOf(rows: readonly string[]): string {
  return `# Each field of an image output, with a picture

Every picture is made by a worker from [two photographs](../examples/media), a drawing with alpha, a small animation and colours of a wide gamut, with the value that stands beside it. What a picture alone does not show stands next to another value's, enlarged, with where they differ made stronger, or in words. \`npm run docs:images\` makes them anew. What the fields do together is told in [Still images](images.md).

| Field | Picture | Value |
| --- | --- | --- |
${rows.join("\n")}
`;
}
