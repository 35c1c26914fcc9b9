import sharp from "sharp";
import { WorkFailure } from "../work-failure.ts";

/** What the encoder said it made. */
export interface Claimed {
  format: string;
  width: number;
  height: number;
}

/**
 * Opens a finished file again, as a viewer would. An encoder that names its format otherwise, or a file
 * system that lost a part, is found out here and not by who looks at the picture.
 *
 * @throws WorkFailure VerificationFailed, which says what was expected and what was found.
 */
export async function verifyImage(path: string, claimed: Claimed): Promise<void> {
  const found = await sharp(path, { limitInputPixels: false })
    .metadata()
    .catch((error: Error) => error);
  const seen =
    found instanceof Error
      ? { format: found.message, width: 0, height: 0 }
      : {
          format: found.format === "heif" && found.compression === "av1" ? "avif" : found.format,
          width: found.width,
          height: found.height,
        };
  for (const field of ["format", "width", "height"] as const) {
    if (seen[field] !== claimed[field] || seen[field] === 0) {
      throw new WorkFailure(
        "VerificationFailed",
        `the finished file has ${field} ${seen[field]} where ${claimed[field]} was made; it was not published`,
      );
    }
  }
}
