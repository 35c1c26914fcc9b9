import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePrograms } from "../../../examples/ensure-programs.ts";
import { noise } from "../../worker/pictures.ts";
import { aUnit, from, makeVolume, runWorker, type WorkerVolume } from "../../worker/run-worker.ts";

/** What is kept of a picture's metadata comes out as it went in, whatever it is and wherever it goes. */

type Tags = Record<string, unknown>;

const VALUES = {
  "IFD0:Artist": "Jürgen Müller (studio) 日本太郎",
  "IFD0:Copyright": "© 2024 Ann O'Neill (all rights reserved)",
  "IFD0:ImageDescription": "A wall, a door (and a cat) – Köln",
  "ExifIFD:ExposureTime": 0.6,
  "ExifIFD:ExposureCompensation": 0.6666666667,
  "ExifIFD:FNumber": 2.8,
  "ExifIFD:ISO": 125,
  "ExifIFD:LensModel": "50mm (f/1.8)",
  "ExifIFD:UserComment": "a remark",
  "ExifIFD:ImageUniqueID": "0123456789abcdef0123456789abcdef",
  "IFD0:XPKeywords": "wall;door",
  "ExifIFD:DateTimeOriginal": "2024:05:06 07:08:09",
  "GPS:GPSLatitude": 52.5002083333333,
  "GPS:GPSLatitudeRef": "N",
  "GPS:GPSAltitude": 28.37,
  "GPS:GPSHPositioningError": 4.5,
};
const SECRETS = ["SN-4711", "a remark", "THUMBNAIL"];
const CARRIERS = ["jpg", "png", "webp", "avif", "tif"] as const;
/** Their writers begin with the high bytes. */
const HIGH_FIRST: readonly string[] = ["png", "avif"];
const orderOf = (ext: string) => (HIGH_FIRST.includes(ext) ? "MM" : "II");
const FORMATS = { jpeg: "jpg", png: "png", webp: "webp", avif: "avif", tiff: "tiff" } as const;
/** A TIFF says how large its picture is where it says where that lies. */
const sizeIn = (format: string) =>
  format === "tiff"
    ? { "IFD0:ImageWidth": 60, "IFD0:ImageHeight": 40 }
    : { "ExifIFD:ExifImageWidth": 60, "ExifIFD:ExifImageHeight": 40 };
/** Pixels that several outputs share carry nothing that libvips could keep; these do. */
const OWN_DECODE = { autoOrient: false };

let volume: WorkerVolume;
let tags: Map<string, Tags>;
const tagsOf = (file: string): Tags => {
  const found = tags.get(volume.path(file));
  if (!found) throw new Error(`exiftool read no ${file}`);
  return found;
};
function readTags(...directories: string[]): Map<string, Tags> {
  const places = directories.map((each) => volume.path(each));
  const text = execFileSync("exiftool", ["-j", "-G1", "-n", "-r", ...places], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return new Map((JSON.parse(text) as Tags[]).map((each) => [`${each.SourceFile}`, each]));
}
const image = (name: string, fields: object) => ({ name, image: fields });

beforeAll(async () => {
  ensurePrograms("exiftool");
  volume = await makeVolume();
  const thumbnail = await volume.put(
    "thumbnail.jpg",
    await sharp(await noise(8, 8).jpeg().toBuffer())
      .withXmp("<x>THUMBNAIL</x>")
      .jpeg()
      .toBuffer(),
  );
  const pathOf = (ext: string) => volume.path(`in/a.${ext}`);
  for (const ext of CARRIERS) {
    const content = await noise(96, 64)
      .toFormat(ext as "png")
      .toBuffer();
    await volume.put(`in/a.${ext}`, content);
  }
  for (const [order, carriers] of Object.entries(Object.groupBy(CARRIERS, orderOf))) {
    execFileSync("exiftool", [
      ...["-q", "-n", "-overwrite_original", `-ExifByteOrder=${order}`],
      ...Object.entries(VALUES).map(([name, value]) => `-${name.replace("GPS:", "")}=${value}`),
      "-ExifIFD:SerialNumber=SN-4711",
      ...["-IPTC:CodedCharacterSet=UTF8", "-IPTC:CopyrightNotice=© Ann (Köln)", "-IPTC:City=Köln"],
      ...carriers.map(pathOf),
    ]);
  }
  const preview = ["-q", "-overwrite_original", `-ThumbnailImage<=${thumbnail}`, pathOf("jpg")];
  execFileSync("exiftool", preview);
  const unit = aUnit({
    family: "image",
    sources: from(Object.fromEntries(CARRIERS.map((ext) => [ext, `in/a.${ext}`]))),
    outputs: [
      image("own", { format: "Auto", metadata: "Technical", keepMetadata: ["Gps", "Dates"] }),
      image("copyright", { format: "Auto" }),
      ...Object.keys(FORMATS).flatMap((format) => [
        image(`exif-${format}`, { format, width: 60, metadata: "Strip", keepMetadata: ["Exif", "Gps"] }),
        image(`default-${format}`, { format, width: 60 }),
        image(`decoded-${format}`, { format, width: 60, ...OWN_DECODE }),
        image(`all-${format}`, { format, width: 60, metadata: "Keep" }),
        image(`all-turned-${format}`, { format, width: 60, metadata: "Keep", rotate: 180 }),
      ]),
      ...["jpeg", "tiff"].map((format) =>
        image(`iptc-${format}`, { format, width: 60, metadata: "Strip", keepMetadata: ["Iptc"] }),
      ),
      ...Object.keys(FORMATS).flatMap((format) => [
        image(`dense-${format}`, { format, metadata: "Strip", density: 300, ...OWN_DECODE }),
        image(`dense-default-${format}`, { format, density: 300, ...OWN_DECODE }),
      ]),
    ],
  });
  const run = await runWorker(unit, volume);
  expect(run.result.failures).toEqual([]);
  expect(run.manifest?.warnings).toEqual([]);
  tags = readTags("in", "out");
}, 120_000);
afterAll(() => volume.remove());

/** The fields of one picture as another one has them, but for those named. */
const asIn = (source: string, names: readonly string[] = Object.keys(VALUES)) =>
  Object.fromEntries(names.map((name) => [name, tagsOf(`in/a.${source}`)[name]]));

describe.each(CARRIERS)("of a %s", (source) => {
  test("every source says what it is to say, and more", async () => {
    expect(tagsOf(`in/a.${source}`)).toMatchObject(VALUES);
    const content = await readFile(volume.path(`in/a.${source}`));
    expect(SECRETS.filter((secret) => content.includes(secret))).toEqual(
      SECRETS.filter((secret) => secret !== "THUMBNAIL" || source === "jpg"),
    );
  });

  test.each(Object.entries(FORMATS))("a %s that is coded anew has all values as they were", (format, ext) => {
    const made = tagsOf(`out/${source}/exif-${format}.${ext}`);
    expect(made).toMatchObject({
      ...asIn(source),
      ...{ "IFD0:Orientation": 1, ...sizeIn(format) },
    });
    expect(Object.keys(made).join(" ")).not.toMatch(/Thumbnail|Warning/);
  });

  test.each(
    Object.entries(FORMATS).flatMap(([format, ext]) => [
      ["default", format, ext],
      ["decoded", format, ext],
    ]),
  )("%s: a %s has the copyright, and no more", async (output, format, ext) => {
    const file = `out/${source}/${output}-${format}.${ext}`;
    expect(tagsOf(file)).toMatchObject(asIn(source, ["IFD0:Artist", "IFD0:Copyright"]));
    expect(Object.keys(tagsOf(file)).join(" ")).not.toMatch(/GPS|Exposure|Description|Lens|City|Warning/);
    const content = await readFile(volume.path(file));
    for (const secret of SECRETS) expect(content.includes(secret), secret).toBe(false);
  });

  test("all of it stays where all is to stay", () => {
    for (const [format, ext] of Object.entries(FORMATS))
      for (const output of [`all-${format}`, `all-turned-${format}`])
        expect(tagsOf(`out/${source}/${output}.${ext}`), output).toMatchObject(asIn(source));
  });

  test.each(Object.entries(FORMATS))(
    "a %s with a density has that, and nothing besides that is not kept",
    async (format, ext) => {
      const strip = `out/${source}/dense-${format}.${ext}`;
      expect(tagsOf(strip)["IFD0:XResolution"]).toBe(300);
      expect(Object.keys(tagsOf(strip)).join(" ")).not.toMatch(/GPS|Artist|Copyright|Exposure|Lens|IPTC/);
      for (const file of [strip, `out/${source}/dense-default-${format}.${ext}`]) {
        const content = await readFile(volume.path(file));
        for (const secret of SECRETS) expect(content.includes(secret), `${file}: ${secret}`).toBe(false);
        expect(Object.keys(tagsOf(file)).join(" ")).not.toMatch(/GPS|Exposure|Lens|Warning/);
      }
    },
  );
});

test.each(["jpg", "png", "webp", "avif"])(
  "a %s of which nothing but metadata changes keeps them, too",
  (ext) => {
    const names = Object.keys(VALUES).filter((name) => !/Description|UserComment|Unique|XP/.test(name));
    expect(tagsOf(`out/${ext}/own.${ext}`)).toMatchObject({
      ...asIn(ext, names),
      ...{ "IFD0:Orientation": 1, "ExifIFD:ExifImageWidth": 96, "ExifIFD:ExifImageHeight": 64 },
    });
    expect(tagsOf(`out/${ext}/own.${ext}`)["IFD0:ImageDescription"]).toBeUndefined();
    expect(Object.keys(tagsOf(`out/${ext}/own.${ext}`)).join(" ")).not.toMatch(/UserComment|Unique|XP/);
    expect(tagsOf(`out/${ext}/copyright.${ext}`)).toMatchObject(asIn(ext, ["IFD0:Artist", "IFD0:Copyright"]));
  },
);

test.each(
  ["jpg", "tif"].flatMap((source) => [["jpeg", source, "jpg"] as const, ["tiff", source, "tiff"] as const]),
)(
  "IPTC stays in a %s of a %s: the copyright by default, all where all stays or it is named",
  (format, source, ext) => {
    const notice = { "IPTC:CopyrightNotice": "© Ann (Köln)" };
    expect(tagsOf(`out/${source}/default-${format}.${ext}`)).toMatchObject(notice);
    expect(tagsOf(`out/${source}/default-${format}.${ext}`)["IPTC:City"]).toBeUndefined();
    for (const output of ["all", "all-turned", "iptc"]) {
      const found = tagsOf(`out/${source}/${output}-${format}.${ext}`);
      expect(found, output).toMatchObject({ ...notice, "IPTC:City": "Köln" });
      expect(Object.keys(found).join(" "), output).not.toMatch(/Warning/);
    }
    expect(tagsOf(`out/${source}/iptc-${format}.${ext}`)["IFD0:Copyright"]).toBeUndefined();
  },
);

describe("a copyright that EXIF does not tell", () => {
  const NOTICE = "© Ann (Köln)";
  const XMP = {
    ...{ "XMP-dc:Rights": NOTICE, "XMP-dc:Rights-de": "© Ann", "XMP-dc:Creator": ["Jürgen", "Bob"] },
    ...{ "XMP-xmpRights:Marked": true, "XMP-xmpRights:WebStatement": "https://a.b/?c=1&d=2" },
    ...{ "XMP-xmpRights:UsageTerms": "none", "XMP-photoshop:Credit": "Acme" },
  };
  const IPTC = { "IPTC:CopyrightNotice": NOTICE, "IPTC:By-line": "Jürgen" };
  const AS_EXIF = { "IFD0:Copyright": NOTICE, "IFD0:Artist": "Jürgen" };
  const KINDS = {
    XMP: { told: XMP, carriers: CARRIERS, secrets: ["XMP-photoshop:City=SN-4711", "XMP-exif:GPSLatitude=5"] },
    IPTC: { told: IPTC, carriers: ["jpg", "tif"], secrets: ["IPTC:City=SN-4711", "IPTC:Keywords=a remark"] },
  } as const;
  const ROWS = Object.entries(KINDS).flatMap(([kind, { carriers }]) =>
    carriers.map((ext) => ({ kind, ext, name: `${kind}-${ext}`.toLowerCase() })),
  );

  beforeAll(async () => {
    for (const { ext, name } of ROWS) {
      const picture = noise(60, 40).toFormat(ext as "png");
      await volume.put(`only/${name}.${ext}`, await picture.toBuffer());
    }
    for (const [kind, { told, secrets }] of Object.entries(KINDS)) {
      const values = Object.entries(told).flatMap(([name, value]) =>
        [value].flat().map((each) => `${name}=${each}`),
      );
      const files = ROWS.flatMap((row) =>
        row.kind === kind ? volume.path(`only/${row.name}.${row.ext}`) : [],
      );
      const fields = ["IPTC:CodedCharacterSet=UTF8", ...secrets, ...values].filter((each) =>
        each.startsWith(kind),
      );
      execFileSync("exiftool", ["-q", "-overwrite_original", ...fields.map((each) => `-${each}`), ...files]);
    }
    const unit = aUnit({
      family: "image",
      name: "image-1",
      sources: from(Object.fromEntries(ROWS.map(({ name, ext }) => [name, `only/${name}.${ext}`]))),
      outputs: ["Auto", ...Object.keys(FORMATS)].map((format) => image(format.toLowerCase(), { format })),
    });
    const run = await runWorker(unit, volume);
    expect([run.exitCode, run.result.failures]).toEqual([0, []]);
    for (const [file, found] of readTags(...ROWS.map(({ name }) => `out/${name}`))) tags.set(file, found);
  }, 60_000);

  test.each(ROWS)(
    "but the $kind of a $ext stays in every format, and nothing private beside it",
    async (row) => {
      const { kind, ext, name } = row;
      for (const [output, as] of [...Object.entries(FORMATS), ["auto", ext === "tif" ? "tiff" : ext]]) {
        const file = `out/${name}/${output}.${as}`;
        expect(tagsOf(file), output).toMatchObject(kind === "XMP" ? XMP : AS_EXIF);
        if (kind === "IPTC" && (as === "jpg" || as === "tiff")) expect(tagsOf(file)).toMatchObject(IPTC);
        expect(Object.keys(tagsOf(file)).join(" "), output).not.toMatch(/GPS|City|Keywords|Toolkit|Warning/);
        const content = await readFile(volume.path(file));
        for (const secret of SECRETS) expect(content.includes(secret), `${output}: ${secret}`).toBe(false);
      }
    },
  );
});
