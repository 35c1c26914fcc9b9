import { execFileSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { videoOutput } from "../../../crds/outputs/video.ts";
import { HARDWARE_ENCODERS } from "../../../crds/unit.ts";
import { defaultPixelFormat, rateControlOf } from "../../../worker-image/video/encoders.ts";
import { FAMILIES, hardwareArguments } from "../../../worker-image/video/hardware/hardware.ts";

/**
 * The arguments of hardware encoders against the options that this ffmpeg says they have. No machine of the tests has
 * an accelerator: what a device makes of them is not seen here.
 */

const PRESETS = ["ultrafast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow"];

const WISHES: Record<"h264" | "h265", object[]> = {
  h264: [
    ...PRESETS.map((preset) => ({ preset, crf: 51 })),
    { profile: "baseline", level: "3.1", crf: 0 },
    { profile: "main", level: "4.0", bitrateKbps: 3000 },
    { profile: "high", level: "5.2", crf: 20, maxBitrateKbps: 4000, keyframeIntervalSeconds: 2 },
    { bitrateKbps: 3000, maxBitrateKbps: 4000, bufferKbits: 6000 },
  ],
  h265: [
    ...PRESETS.map((preset) => ({ preset, crf: 51 })),
    { level: "4.1", crf: 28, keyframeIntervalSeconds: 2 },
    { profile: "main10", pixelFormat: "yuv420p10le", bitrateKbps: 3000, maxBitrateKbps: 4000 },
    { crf: 28, maxBitrateKbps: 2000 },
  ],
};

describe.each(HARDWARE_ENCODERS)("%s", (family) => {
  test.each(["h264", "h265"] as const)("every argument for %s is an option with that value", (codec) => {
    const known = optionsOf(FAMILIES[family].encoders[codec]);
    const wrong = WISHES[codec].flatMap((wish) =>
      argumentsOf(family, codec, wish).flatMap(([option, value]) => {
        const why = objection(known, option, value);
        return why ? [`${JSON.stringify(wish)}: -${option} ${value}: ${why}`] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

test("an option that an encoder lacks, a word that it does not know, and a number beyond its range are told", () => {
  const known = optionsOf("h264_qsv");
  expect(objection(known, "cq", "20")).toBe("no such option");
  expect(objection(known, "preset", "p5")).toBe("no such value");
  expect(objection(known, "look_ahead_depth", "101")).toBe("not from 0 to 100");
  expect(objection(known, "look_ahead_depth", "100")).toBeUndefined();
});

interface Option {
  from: number;
  to: number;
  words: Set<string>;
}

/** Options of every encoder, and of ffmpeg itself; numbers without a range worth a look. */
const COMMON = ["c", "pix_fmt", "b", "maxrate", "bufsize", "g", "global_quality", "force_key_frames", "tag"];
const OF_ALL_ENCODERS = ["level", "profile", "compression_level"];

function objection(known: ReadonlyMap<string, Option>, option: string, value: string): string | undefined {
  if (COMMON.includes(option)) return undefined;
  const found = known.get(option);
  if (!found) return OF_ALL_ENCODERS.includes(option) && isNumber(value) ? undefined : "no such option";
  if (found.words.has(value)) return undefined;
  if (!isNumber(value)) return "no such value";
  const { from, to } = found;
  return Number(value) < from || Number(value) > to ? `not from ${from} to ${to}` : undefined;
}

const isNumber = (value: string) => value !== "" && Number.isFinite(Number(value));

/** Options and values in pairs, without the stream that they are for. */
function argumentsOf(
  family: (typeof HARDWARE_ENCODERS)[number],
  codec: "h264" | "h265",
  wish: object,
): [option: string, value: string][] {
  const output = videoOutput.parse({ codec, ...wish });
  const list = hardwareArguments(family, {
    codec,
    output,
    rate: rateControlOf(output, codec),
    pixelFormat: output.pixelFormat ?? defaultPixelFormat(codec, { hdr: false }),
    threads: 2,
    fps: 25,
    dynamicRange: "SDR",
  });
  return Array.from({ length: list.length / 2 }, (_, pair) => [
    (list[pair * 2] ?? "").replace(/^-/, "").replace(/:v$/, ""),
    list[pair * 2 + 1] ?? "",
  ]);
}

/** What `ffmpeg -h encoder=NAME` says of its own options. */
function optionsOf(encoder: string): Map<string, Option> {
  const text = execFileSync("ffmpeg", ["-v", "error", "-h", `encoder=${encoder}`], { encoding: "utf8" });
  const options = new Map<string, Option>();
  let words: Set<string> | undefined;
  for (const line of text.split("\n")) {
    const [, name, range = ""] = /^ {2}-(\S+)\s+<\w+>\s+\S+ ?(.*)$/.exec(line) ?? [];
    const [, word] = /^ {5}(\S+)\s/.exec(line) ?? [];
    if (name) {
      const [, from, to] = /\(from (\S+) to (\S+)\)/.exec(range) ?? [];
      words = new Set();
      options.set(name, {
        from: Number(from ?? Number.NEGATIVE_INFINITY),
        to: to === undefined || to === "INT_MAX" ? Number.POSITIVE_INFINITY : Number(to),
        words,
      });
    } else if (word) words?.add(word);
  }
  if (options.size === 0) throw new Error(`this ffmpeg has no encoder ${encoder}`);
  return options;
}
