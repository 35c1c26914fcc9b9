/** What goes beside a picture. */
export interface Beside {
  /** Undefined keeps all metadata that the file has. */
  metadata: MetadataBlocks | undefined;
  /** Where all metadata stay: a TIFF structure in place of the EXIF that the file has. */
  ownExif?: Buffer | undefined;
  /** Pixels per inch, in place of what the file says. */
  density?: number | undefined;
  /** Whether the colour profile stays. */
  profile: boolean;
  /** Whether the picture has alpha. */
  alpha: boolean;
}

export interface MetadataBlocks {
  /** A TIFF structure, without the letters that a JPEG puts before it. */
  exif: Buffer | undefined;
  xmp: Buffer | undefined;
  /** Data sets. */
  iptc: Buffer | undefined;
}

/** The same picture with other things beside it; undefined when the parts of the file do not add up. */
export type Rewrap = (file: Buffer, beside: Beside) => Buffer | undefined;
