/**
 * A JPEG as application segments and the picture. Only what stands between the pixels' bytes is understood
 * here, never the bytes themselves (ITU-T T.81 annex B): the picture can be given other metadata and stay as it
 * is, bit for bit.
 */
export interface JpegParts {
  /** APP0 to APP15 and comments, in their order. */
  segments: JpegSegment[];
  /** Tables, frame, scans and the end, as they stand in the file; nothing after the end. */
  picture: Buffer;
}

export interface JpegSegment {
  /** Second byte of the marker: 0xe0 to 0xef, or 0xfe for a comment. */
  marker: number;
  body: Buffer;
}

export const APP1 = 0xe1;
/** What a segment that holds EXIF begins with (CIPA DC-008, 4.7.2). */
export const EXIF = "Exif\0\0";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;
const COMMENT = 0xfe;

const isApplication = (marker: number) => (marker >= 0xe0 && marker <= 0xef) || marker === COMMENT;
/** RST0 to RST7 and a stuffed zero belong to the entropy-coded data (B.1.1.5). */
const isWithinScan = (marker: number) => marker === 0 || (marker >= 0xd0 && marker <= 0xd7);

/** Takes a JPEG apart; undefined when its segments do not add up, which a decoder may still forgive. */
export function splitJpeg(file: Buffer): JpegParts | undefined {
  if (file[0] !== 0xff || file[1] !== SOI) return undefined;
  const segments: JpegSegment[] = [];
  const picture: Buffer[] = [];
  let at = 2;
  while (at + 4 <= file.length || (file[at] === 0xff && file[at + 1] === EOI)) {
    if (file[at] !== 0xff) return undefined;
    const marker = file[at + 1] ?? 0;
    if (marker === 0xff) {
      at += 1; // fill bytes before a marker (B.1.1.2)
      continue;
    }
    if (marker === EOI) {
      picture.push(file.subarray(at, at + 2));
      return { segments, picture: Buffer.concat(picture) };
    }
    if (isWithinScan(marker) || marker === SOI || marker === TEM) return undefined;
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (end > file.length) return undefined;
    if (isApplication(marker)) segments.push({ marker, body: file.subarray(at + 4, end) });
    else if (marker !== SOS) picture.push(file.subarray(at, end));
    else {
      const next = endOfScan(file, end);
      if (next === undefined) return undefined;
      picture.push(file.subarray(at, next));
      at = next;
      continue;
    }
    at = end;
  }
  return undefined;
}

/** Puts a JPEG together again. @throws RangeError for a segment of more than 65533 bytes. */
export function joinJpeg({ segments, picture }: JpegParts): Buffer {
  const written = segments.flatMap(({ marker, body }) => {
    const head = Buffer.from([0xff, marker, 0, 0]);
    head.writeUInt16BE(body.length + 2, 2);
    return [head, body];
  });
  return Buffer.concat([Buffer.from([0xff, SOI]), ...written, picture]);
}

/** Where the next marker after a scan's data stands. */
function endOfScan(file: Buffer, from: number): number | undefined {
  for (let at = file.indexOf(0xff, from); at !== -1; at = file.indexOf(0xff, at + 1)) {
    const following = file[at + 1];
    if (following === undefined) return undefined;
    if (following !== 0xff && !isWithinScan(following)) return at;
  }
  return undefined;
}

/** Whether a segment begins with these letters. */
export const startsWith = ({ body }: JpegSegment, text: string): boolean =>
  body.subarray(0, text.length).toString("latin1") === text;
