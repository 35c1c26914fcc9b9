import { open } from "node:fs/promises";

/** What the top-level boxes of a file say about it. */
export interface BoxWalk {
  /** False when the file does not begin with a box of ISO/IEC 14496-12: it is no MP4 or MOV at all. */
  isoBaseMedia: boolean;
  /** Types in file order, e.g. `ftyp moov mdat`. */
  types: string[];
  /** Bytes the last box claims beyond the end of the file; 0 when the file is whole. */
  missingBytes: number;
}

const FIRST_BOXES = new Set(["ftyp", "styp", "moov", "mdat", "free", "skip", "wide", "pnot", "moof", "sidx"]);

/** Boxes looked at before giving up; a fragmented file has thousands, which say nothing new. */
const MAX_BOXES = 100_000;

/**
 * Walks the top-level boxes of a file without reading their content. ffmpeg exits 0 on a truncated MP4 whose
 * index is at the front and writes a short output; the sizes in the boxes tell beforehand.
 */
export async function walkBoxes(path: string): Promise<BoxWalk> {
  const file = await open(path, "r");
  try {
    const { size } = await file.stat();
    const types: string[] = [];
    const header = Buffer.alloc(16);
    let offset = 0;
    while (offset + 8 <= size && types.length < MAX_BOXES) {
      const { bytesRead } = await file.read(header, 0, 16, offset);
      if (bytesRead < 8) break;
      const type = header.toString("latin1", 4, 8);
      if (types.length === 0 && !FIRST_BOXES.has(type))
        return { isoBaseMedia: false, types, missingBytes: 0 };
      if (!/^[ -~\u00a0-\u00ff]{4}$/.test(type)) break; // padding after the last box, as some cameras write

      const size32 = header.readUInt32BE(0);
      let boxBytes = size32;
      if (size32 === 0) boxBytes = size - offset; // clause 4.2: extends to the end of the file
      if (size32 === 1) boxBytes = bytesRead === 16 ? Number(header.readBigUInt64BE(8)) : 16;
      if (boxBytes < 8) break;

      types.push(type);
      offset += boxBytes;
    }
    return { isoBaseMedia: types.length > 0, types, missingBytes: Math.max(0, offset - size) };
  } finally {
    await file.close();
  }
}

/** True when the index stands before the media, so that players start before the file is loaded. */
export function startsFast({ types }: BoxWalk): boolean {
  const index = types.indexOf("moov");
  const media = types.indexOf("mdat");
  return index !== -1 && (media === -1 || index < media);
}
