import type { MediaJobSpec } from "../../../crds/media-job.ts";
import {
  descriptionTemplate,
  directoryTemplate,
  fileToken,
  indexToken,
  type TemplateToken,
  type TemplateValues,
  tokensOf,
  withSuffix,
} from "../../../crds/naming.ts";
import { AUDIO_EXTENSIONS } from "../../../crds/outputs/audio.ts";
import { formatsOf, isDescribed } from "../../../crds/outputs/image.ts";
import type { Output } from "../../../crds/outputs/output.ts";
import { templateName } from "./template-name.ts";

/** Stand for the name of a source and its place in names that are made once for all: no name holds them. */
const SOURCE = "\ue000";
const INDEX = "\ue001";

/** What either of them takes at most. */
const STOOD_FOR_BYTES = 63;

/** What a file system takes as one name; a longer one is cut. */
const SEGMENT_BYTES = 255;

/**
 * The names that an output gets at the destination by the place of its source, as far as the spec tells them: one for
 * each width and format. What only a finished file tells, its hash or how high it becomes, is not guessed: something
 * that no name holds stands for it. Of a stream it is the directory of all its files. A name that cannot be made is the
 * worker's to tell.
 *
 * A name is put together once, and not for each of 10,000 sources, unless it may be so long that it is cut, or holds the
 * name of the source's file, of which parts may fall away.
 */
export function earlyNames(
  { sources, destination: { template } }: MediaJobSpec,
  output: Output,
): (place: number) => string[] {
  const of = ({ source, index, file }: { source: string; index: string; file: string }): string[] => {
    const own = { source, file, output: output.name, index };
    if (output.stream) return nameOf(directoryTemplate(template), { ...own, date: TODAY }, "");
    const files = settled(output).flatMap(({ values, width }) => {
      const suffix = width === undefined || template.includes("{width}") ? "" : `-${width}w`;
      return nameOf(template, { ...own, ...values }, suffix);
    });
    if (!output.image || !isDescribed(output.image)) return files;
    return [...files, ...nameOf(descriptionTemplate(template), { ...own, ext: "json", date: TODAY }, "")];
  };
  const sourceAt = (place: number) => sources[place]?.name ?? "";
  const indexAt = (place: number) => indexToken(place, sources.length);
  const fileAt = (place: number) => (sources[place] ? fileToken(sources[place]) : "");
  const forms = of({ source: SOURCE, index: INDEX, file: "" });
  if (tokensOf(template).includes("file") || !forms.every(isShort))
    return (place) => of({ source: sourceAt(place), index: indexAt(place), file: fileAt(place) });
  return (place) =>
    forms.map((form) => form.replaceAll(SOURCE, sourceAt(place)).replaceAll(INDEX, indexAt(place)));
}

const isShort = (form: string): boolean =>
  form.split("/").every((segment) => mostBytes(segment) <= SEGMENT_BYTES);

/** A character takes four bytes at most. */
const mostBytes = (segment: string): number =>
  [...segment].reduce((sum, each) => sum + (each === SOURCE || each === INDEX ? STOOD_FOR_BYTES : 4), 0);

/** Of all outputs. */
const TODAY = "today";

/** Stands for what is not known; it holds the output's name, as outputs may differ in it. */
const unknownOf = ({ name }: Output): string => `of ${name}`;

/** What the spec alone tells of the files of an output; a width where it tells them apart. */
function settled(output: Output): { values: TemplateValues; width?: number }[] {
  const { image } = output;
  const unknown = unknownOf(output);
  const isCropped = image?.fit === "cover" && image.width !== undefined && image.height !== undefined;
  const widths = image?.widths && image.widths.length > 1 ? image.widths : [undefined];
  return kindsOf(output).flatMap(({ ext, format }) =>
    widths.map((width) => {
      const values: Record<
        Exclude<TemplateToken, "source" | "file" | "output" | "index">,
        string | number
      > = {
        ...{ ext, format, hash: unknown, date: TODAY },
        width: width ?? (isCropped ? (image?.width ?? unknown) : unknown),
        height: isCropped ? (image?.height ?? unknown) : unknown,
      };
      return { values, ...(width !== undefined && { width }) };
    }),
  );
}

interface Kind {
  ext: string;
  format: string;
}

/** Extension and format of each file of an output; of a stream, which is a directory, nothing is settled. */
function kindsOf(output: Output): Kind[] {
  const { image, video, audio, frames, metadata } = output;
  const unknown = { ext: unknownOf(output), format: unknownOf(output) };
  const picture = (format: string): Kind => ({ ext: format === "jpeg" ? "jpg" : format, format });
  if (image) return formatsOf(image).map((format) => (format === "Auto" ? unknown : picture(format)));
  if (video) return [{ ext: video.container, format: video.codec === "copy" ? unknown.format : video.codec }];
  if (audio) return [{ ext: AUDIO_EXTENSIONS[audio.codec], format: audio.codec }];
  if (frames) return [picture(frames.format)];
  return [metadata ? picture("json") : unknown];
}

function nameOf(template: string, values: TemplateValues, suffix: string): string[] {
  const { path } = templateName(template, values);
  return path === undefined ? [] : [withSuffix(path, suffix)];
}
