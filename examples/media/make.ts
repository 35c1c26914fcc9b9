/**
 * Makes the media beside this file from freely licensed photographs. Nothing needs to run it: what it makes
 * is committed. It is here so that the files can be explained, changed and made again.
 *
 *     node examples/media/make.ts            # fetches the photographs as a Debian package
 *     node examples/media/make.ts DIRECTORY  # takes them from there
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { drift, glow, printed } from "./pictures.ts";

const DEBIAN_PACKAGE = "lomiri-wallpapers-16.04";
const CLIP_SECONDS = 10;
const CROSSFADE_SECONDS = 1;
const FPS = 25;

const here = import.meta.dirname;
const work = mkdtempSync(join(tmpdir(), "mediajob-media-"));
try {
  const photographs = process.argv[2] ?? fetchPhotographs(work);
  const photograph = (name: string) => join(photographs, name);

  await portraitFromPhone(photograph("friends_by_Aitzol_Berasategi.jpg"), join(here, "dogs.jpg"));
  await landscape(photograph("seeding_by_Clements_Engelhardt.jpg"), join(here, "meadow.jpg"));
  await drift(join(here, "meadow.jpg"), join(here, "drift.gif"));
  await printed(join(here, "meadow.jpg"), join(here, "print.jpg"));
  await glow(join(here, "glow.png"));
  clip(
    [
      photograph("picosdeeuropa_by_Aitzol_Berasategi.jpg"),
      photograph("seeding_by_Clements_Engelhardt.jpg"),
      photograph("sunset_by_Aitzol_Berasategi.jpg"),
    ],
    join(here, "walk.mp4"),
  );
} finally {
  rmSync(work, { recursive: true });
}

/** The directory of the unpacked Debian package, which ships the originals with their licences. */
function fetchPhotographs(directory: string): string {
  execFileSync("apt-get", ["download", DEBIAN_PACKAGE], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  execFileSync("sh", ["-c", "dpkg -x *.deb ."], { cwd: directory });
  return join(directory, "usr/share/backgrounds");
}

/**
 * A portrait as phones store it: the pixels lie on their side and EXIF orientation 6 says so. It carries a
 * place, a time and a camera, which a web rendition must not.
 */
async function portraitFromPhone(from: string, to: string): Promise<void> {
  await sharp(from)
    .rotate(-90)
    .resize({ width: 2400 })
    .jpeg({ quality: 82, mozjpeg: true })
    .withMetadata({ orientation: 6 })
    .withExifMerge({
      IFD0: {
        Artist: "Aitzol Berasategi",
        Copyright: "2018 Aitzol Berasategi, CC-BY-4.0",
        Make: "MediaJob",
        Model: "Example phone",
        Software: "examples/media/make.ts",
      },
      IFD2: { DateTimeOriginal: "2018:06:17 11:42:07" },
      IFD3: {
        GPSLatitudeRef: "N",
        GPSLatitude: "43/1 11/1 2268/100",
        GPSLongitudeRef: "W",
        GPSLongitude: "4/1 49/1 5988/100",
        GPSAltitudeRef: "0",
        GPSAltitude: "1070/1",
      },
    })
    .toFile(to);
}

async function landscape(from: string, to: string): Promise<void> {
  await sharp(from)
    .resize({ width: 2400 })
    .jpeg({ quality: 82, mozjpeg: true })
    .withExif({ IFD0: { Artist: "Clemens Engelhardt", Copyright: "CC0-1.0" } })
    .toFile(to);
}

/** A camera that pans over each still and fades to the next, with a chord that changes at every cut. */
function clip(stills: string[], to: string): void {
  const shotSeconds = (CLIP_SECONDS + (stills.length - 1) * CROSSFADE_SECONDS) / stills.length;
  const inputs = stills.flatMap((still) => [
    "-loop",
    "1",
    "-framerate",
    `${FPS}`,
    "-t",
    `${shotSeconds}`,
    "-i",
    still,
  ]);

  // Panning at twice the size and halving afterwards moves by half pixels, so that the motion is smooth.
  const shots = stills.map((_, index) => {
    const [fromX, toX] = index % 2 === 0 ? [0, 1] : [1, 0];
    const x = `(in_w-out_w)*(${fromX}+(${toX - fromX})*t/${shotSeconds})`;
    return (
      `[${index}:v]scale=3200:-2:flags=lanczos,crop=2560:1440:x='${x}':y='(in_h-out_h)*(0.3+0.4*t/${shotSeconds})',` +
      `scale=1280:720:flags=area:out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p[shot${index}]`
    );
  });
  const fades = stills.slice(1).map((_, index) => {
    const before = index === 0 ? "[shot0]" : `[joined${index - 1}]`;
    const offset = (index + 1) * (shotSeconds - CROSSFADE_SECONDS);
    return `${before}[shot${index + 1}]xfade=transition=fade:duration=${CROSSFADE_SECONDS}:offset=${offset},format=yuv420p[joined${index}]`;
  });

  const cutSeconds = CLIP_SECONDS / 3;
  const chord = (ear: number) =>
    [
      [220, 277.18, 329.63],
      [174.61, 220, 261.63],
      [196, 246.94, 293.66],
    ]
      .map((notes, index) => {
        const since = `(t-${index * cutSeconds})`;
        const tone = notes.map((hz, voice) => `sin(2*PI*${hz * (1 + ear * voice * 0.001)}*t)`).join("+");
        return `between(t,${index * cutSeconds},${(index + 1) * cutSeconds})*0.15*exp(-0.6*${since})*min(1,${since}*40)*(${tone})`;
      })
      .join("+");

  execFileSync("ffmpeg", [
    ...["-v", "error", "-nostdin", "-y"],
    ...inputs,
    ...["-f", "lavfi", "-t", `${CLIP_SECONDS}`, "-i", `aevalsrc='${chord(1)}|${chord(-1)}':s=48000:c=stereo`],
    ...["-filter_complex", [...shots, ...fades].join(";")],
    ...["-map", `[joined${stills.length - 2}]`, "-map", `${stills.length}:a`],
    ...["-c:v", "libx264", "-preset", "slow", "-crf", "33", "-threads", "1", "-g", "50"],
    ...["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"],
    ...["-c:a", "aac", "-b:a", "96k", "-t", `${CLIP_SECONDS}`],
    ...["-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact", "-map_metadata", "-1"],
    ...["-movflags", "+faststart", to],
  ]);
}
