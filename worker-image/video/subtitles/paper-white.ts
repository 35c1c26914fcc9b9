import type { DynamicRange } from "../../probe/record.ts";

/** The grey of 255 that is as bright as paper, 58 % of PQ and 75 % of HLG: ITU-R BT.2408, table 1. */
export const PAPER_WHITE: Record<DynamicRange, number> = { SDR: 255, HDR10: 0x94, HLG: 0xbf };

/** Colours of styles, with how transparent they are before them, and those that a text sets for itself. */
const IN_STYLE = /()&H([0-9a-f]{1,8})()/gi;
const IN_TEXT = /(\\[1-4]?c)&H([0-9a-f]{1,8})(&?)/gi;

/** SubStation Alpha for pictures that stay HDR, whose whole range is as bright as the sun: its white becomes paper's. */
export function onPaper(script: string, dynamicRange: DynamicRange): string {
  const dimmed = (_: string, tag: string, hex: string, end: string) => {
    const color = Number.parseInt(hex, 16);
    const bytes = [0, 8, 16].map((shift) =>
      Math.round((((color >> shift) & 255) * PAPER_WHITE[dynamicRange]) / 255),
    );
    const [red = 0, green = 0, blue = 0] = bytes;
    const written = (((color >>> 24) * 256 + blue) * 256 + green) * 256 + red;
    return `${tag}&H${written
      .toString(16)
      .toUpperCase()
      .padStart(hex.length > 6 ? 8 : 6, "0")}${end}`;
  };
  return script
    .split("\n")
    .map((line) => line.replaceAll(line.startsWith("Style:") ? IN_STYLE : IN_TEXT, dimmed))
    .join("\n");
}
