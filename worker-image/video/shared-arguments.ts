import { outputArguments, targetArguments } from "./arguments.ts";
import { alphaDecoder } from "./picture/alpha.ts";
import { pictureFilters, sharedWork } from "./picture/filters.ts";
import { soundOf } from "./picture/graph.ts";
import type { Rendition } from "./rendition.ts";
import type { MeasuredLoudness } from "./sound/sound.ts";
import { joiningFilters, sourceInputs, spanPads } from "./time/spans.ts";

/** A rendition that is made together with others, where it goes, and what was measured of its tracks. */
export interface SharedOutput {
  rendition: Rendition;
  targetPath: string;
  loudness: readonly (MeasuredLoudness | undefined)[];
}

/** A run that decodes a source once and makes several renditions of it, see `sharedDecodeKey`. */
export function sharedArguments(
  outputs: readonly [SharedOutput, ...SharedOutput[]],
  { sourcePath, threads }: { sourcePath: string; threads: number },
): string[] {
  const [{ rendition }] = outputs;
  const sounds = outputs.map(soundsOf);
  const graph = [...pictureGraphs(outputs), ...sounds.flatMap(({ filters }) => filters)];
  return [
    ...sourceInputs(
      rendition,
      { sourcePath, threads },
      alphaDecoder(...outputs.map(({ rendition }) => rendition)),
    ),
    ...["-filter_complex", graph.join(";")],
    ...outputs.flatMap(({ rendition, targetPath }, at) => [
      ...outputArguments(rendition, {
        maps: ["-map", `[picture${at}]`, ...(sounds[at]?.maps ?? [])],
        rate: rendition.rate,
        threads,
      }),
      ...targetArguments(rendition, targetPath),
    ]),
  ];
}

function pictureGraphs(outputs: readonly [SharedOutput, ...SharedOutput[]]): string[] {
  const [{ rendition: first }, ...others] = outputs;
  const { common, own } = sharedWork([first.work, ...others.map(({ rendition }) => rendition.work)]);
  const { picture } = first;
  const { chains, pads: inputs } = spanPads(first, { index: picture.index, label: "picture", kind: "video" });
  const joined = joiningFilters(first);
  const pads = own.map((_, at) => `[shared${at}]`);
  return [
    ...chains,
    `${inputs.join("")}${[...joined, ...pictureFilters(common), `split=${own.length}`].join(",")}${pads.join("")}`,
    ...own.map((work, at) => `${pads[at]}${pictureFilters(work).join(",") || "null"}[picture${at}]`),
  ];
}

function soundsOf({ rendition, loudness }: SharedOutput, at: number): { filters: string[]; maps: string[] } {
  const sounds = rendition.tracks.map((track, position) =>
    soundOf({ track, position, label: `output${at}sound${position}` }, rendition, loudness[position]),
  );
  return {
    filters: sounds.flatMap(({ filters }) => filters),
    maps: sounds.flatMap(({ map }) => ["-map", map]),
  };
}
