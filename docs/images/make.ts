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

const repository = resolve(import.meta.dirname, "../..");
const work = mkdtempSync(join(tmpdir(), "mediajob-docs-"));
try {
  await makeSources();
  // A MediaJob holds 50 outputs.
  const rows: string[] = [];
  for (let at = 0; at < FIELD_EXAMPLES.length; at += 40) {
    rows.push(...(await makeRows(FIELD_EXAMPLES.slice(at, at + 40))));
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

function hand(degrees: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="48" height="48"><rect width="48" height="48" fill="#ffffff"/><circle cx="24" cy="24" r="20" fill="#335577"/><rect x="22" y="6" width="4" height="20" fill="#ffcc00" transform="rotate(${degrees} 24 24)"/></svg>`;
}

async function makeRows(examples: readonly FieldExample[]): Promise<string[]> {
  const manifest = {
    apiVersion: "mediajob.dev/v1alpha1",
    kind: "MediaJob",
    metadata: { name: "docs" },
    spec: {
      sources: ["dogs", "meadow", "spin", "logo"].map((name) => ({
        name,
        volume: { claimName: "media", path: `in/${name}` },
      })),
      outputs: examples.map(({ field, source, image }) => ({
        name: field.toLowerCase(),
        sources: [source],
        image: { format: "webp", ...image },
      })),
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
      const own = new RegExp(`^${example.field.toLowerCase()}(-\\d+w)?\\.(?!json)`);
      const files = readdirSync(folder).filter((file) => own.test(file));
      return await rowOf(
        example,
        files.toSorted().map((file) => join(folder, file)),
      );
    }),
  );
}

async function rowOf({ field, source, image }: FieldExample, files: readonly string[]): Promise<string> {
  const [first] = files;
  if (!first || !existsSync(first)) throw new Error(`${field} was not made`);
  const { format = "webp" } = image;
  // Browsers show no TIFF; the picture is the same.
  const isShown = format !== "tiff";
  const name = `${field}.${isShown ? first.split(".").at(-1) : "png"}`;
  const target = join(import.meta.dirname, name);
  if (isShown) writeFileSync(target, readFileSync(first));
  else await sharp(first).png().toFile(target);
  const { width, pageHeight, height } = await sharp(first).metadata();
  const sizes = files.map((file) => `${file.split(".").at(-1)} ${statSync(file).size} bytes`).join(", ");
  const words = imageOutput.shape[field].description ?? "";
  const shown = stringify(image, { collectionStyle: "flow", lineWidth: 0 }).trim();
  return `| \`${field}\` | ![${field}](images/${name}) | \`${shown}\`<br>of ${source}: ${width} × ${pageHeight ?? height}, ${sizes}<br>${words.replaceAll("|", "\\|")} |`;
}

function pageOf(rows: readonly string[]): string {
  return `# Each field of an image output, with a picture

Every picture is made by a worker from [two photographs](../examples/media), a drawing with alpha and a small animation, with the value that stands beside it; \`npm run docs:images\` makes them anew. What the fields do together is told in [Still images](images.md).

| Field | Picture | Value |
| --- | --- | --- |
${rows.join("\n")}
`;
}
