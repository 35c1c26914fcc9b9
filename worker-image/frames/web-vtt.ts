/** A cell of a sprite sheet and the time it stands for. */
export interface Cue {
  fromSeconds: number;
  toSeconds: number;
  /** Name of the sheet, relative to the WebVTT file. */
  sheet: string;
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A thumbnails track as players read it: W3C WebVTT cues with media fragments (`#xywh=`) as text. */
export function thumbnailsTrack(cues: readonly Cue[]): string {
  const blocks = cues.map(
    ({ fromSeconds, toSeconds, sheet, x, y, width, height }) =>
      `${timestamp(fromSeconds)} --> ${timestamp(toSeconds)}\n${encodeURI(sheet)}#xywh=${x},${y},${width},${height}\n`,
  );
  return `WEBVTT\n\n${blocks.join("\n")}`;
}

function timestamp(seconds: number): string {
  const milliseconds = Math.round(seconds * 1000);
  const two = (value: number) => `${Math.floor(value)}`.padStart(2, "0");
  const rest = `${milliseconds % 1000}`.padStart(3, "0");
  return `${two(milliseconds / 3_600_000)}:${two((milliseconds / 60_000) % 60)}:${two((milliseconds / 1000) % 60)}.${rest}`;
}
