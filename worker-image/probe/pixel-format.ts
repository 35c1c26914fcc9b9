/** What ffmpeg's names of pixel formats tell. */

/** Bits of one component, read from ffmpeg's name of the pixel format; 8 where the name says nothing. */
export function bitDepthOf(pixelFormat: string | null): number | null {
  if (pixelFormat === null) return null;
  const planar = /(?:p|gray|gbrp|gbrap|ya|y2|x2rgb|x2bgr)(9|10|12|14|16)(?:le|be)?$/.exec(pixelFormat);
  if (planar) return Number(planar[1]);
  const semiPlanar = /^p[024](10|12|16)/.exec(pixelFormat);
  if (semiPlanar) return Number(semiPlanar[1]);
  if (/^(?:rgb|bgr)48|^(?:rgba|bgra)64/.test(pixelFormat)) return 16;
  return 8;
}

/** Whether pixels say how opaque they are. A palette may say so too, which no editing format is made of. */
export const hasAlpha = (pixelFormat: string | null): boolean =>
  /^(?:yuva|gbrap|argb|abgr|rgba|bgra|ya\d)/.test(pixelFormat ?? "");

/** How many pixels share a colour, as `4:2:0` and its kind, `RGB` or `Gray`; null where the name does not tell. */
export function chromaOf(pixelFormat: string | null): string | null {
  if (pixelFormat === null) return null;
  const planar = /^yuv[aj]?(4\d\d)p/.exec(pixelFormat)?.[1];
  if (planar) return planar.split("").join(":");
  if (/^(nv12|nv21|p010|p012|p016)/.test(pixelFormat)) return "4:2:0";
  if (/^(nv16|p210|p216|y210|yuyv422|uyvy422)/.test(pixelFormat)) return "4:2:2";
  if (/^(nv24|p410|p416)/.test(pixelFormat)) return "4:4:4";
  if (/^(gbr|rgb|bgr|argb|abgr|0rgb|0bgr|x2rgb|x2bgr|pal8)/.test(pixelFormat)) return "RGB";
  if (/^(gray|ya|mono)/.test(pixelFormat)) return "Gray";
  return null;
}
