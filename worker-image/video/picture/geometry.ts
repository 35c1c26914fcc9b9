/** Width and height in pixels. */
export interface Size {
  width: number;
  height: number;
}

export interface Wish {
  width?: number | undefined;
  height?: number | undefined;
  fit: "inside" | "cover" | "contain" | "fill";
  enlarge: boolean;
}

/** How a picture becomes another size: scaled, then cut from the centre or put on bars. */
export interface Scaling {
  scaled: Size;
  /** What remains after the cut or the bars; the final size. */
  final: Size;
}

/**
 * The size a picture gets. 4:2:0 stores one colour for 2 × 2 pixels, so all sizes are even; the nearest even
 * number that does not go above the source is taken. Nothing grows unless `enlarge` is set: a box above the
 * source shrinks as a whole, so that its ratio stays.
 */
export function scalingOf(source: Size, wish: Wish): Scaling {
  const { width, height, fit, enlarge } = wish;
  if (width === undefined && height === undefined) return same(even(source, source));
  if (width === undefined || height === undefined) {
    const factor = width !== undefined ? width / source.width : (height ?? source.height) / source.height;
    return same(even(times(source, enlarge ? factor : Math.min(1, factor)), enlarge ? undefined : source));
  }

  const box = { width, height };
  const inside = Math.min(width / source.width, height / source.height);
  const outside = Math.max(width / source.width, height / source.height);
  const bound = enlarge ? undefined : source;
  switch (fit) {
    case "inside":
      return same(even(times(source, enlarge ? inside : Math.min(1, inside)), bound));
    case "contain":
      // The bars are no picture: the box keeps its size even where the picture may not grow into it.
      return {
        scaled: within(even(times(source, enlarge ? inside : Math.min(1, inside)), bound), even(box)),
        final: even(box),
      };
    case "cover": {
      const final = even(enlarge ? box : times(box, Math.min(1, 1 / outside)), bound);
      const factor = Math.max(final.width / source.width, final.height / source.height);
      const scaled = even(times(source, factor));
      return {
        scaled: { width: Math.max(scaled.width, final.width), height: Math.max(scaled.height, final.height) },
        final,
      };
    }
    case "fill":
      return same(
        even({
          width: enlarge ? width : Math.min(width, source.width),
          height: enlarge ? height : Math.min(height, source.height),
        }),
      );
  }
}

const same = (size: Size): Scaling => ({ scaled: size, final: size });

const times = ({ width, height }: Size, factor: number): Size => ({
  width: width * factor,
  height: height * factor,
});

const within = (size: Size, box: Size): Size => ({
  width: Math.min(size.width, box.width),
  height: Math.min(size.height, box.height),
});

function even({ width, height }: Size, bound?: Size): Size {
  return { width: evenNumber(width, bound?.width), height: evenNumber(height, bound?.height) };
}

/** At least 2: a strip of a panorama scaled down keeps a line of pixels. */
function evenNumber(value: number, bound = Number.POSITIVE_INFINITY): number {
  const nearest = Math.round(value / 2) * 2;
  return Math.max(2, nearest > bound ? nearest - 2 : nearest);
}
