import { expect } from "vitest";
import { probe } from "../../../worker-image/probe/probe.ts";
import type { MediaRecord } from "../../../worker-image/probe/record.ts";
import { type Attempt, Workshop } from "./worker-attempt.ts";

/** A video that a worker has made. */
export interface MadeVideo {
  path: string;
  record: MediaRecord;
}

/** Real workers that turn videos into videos, as fast as ffmpeg can where a test does not say otherwise. */
export class VideoWorkshop extends Workshop {
  /** One worker makes one output of a source, without a failure. */
  async make(
    file: string,
    video: Record<string, unknown>,
    options: Parameters<Workshop["attempt"]>[2] = {},
  ): Promise<MadeVideo & { attempt: Attempt }> {
    const attempt = await this.attempt(file, { video: { preset: "ultrafast", ...video } }, options);
    succeeded(attempt);
    const path = attempt.pathOf(attempt.files[0] ?? "");
    return { attempt, path, record: await probe(path) };
  }

  /**
   * One worker makes many outputs of a source, without a failure: what starts, looks and ends around each encode is
   * paid for once. Gives what finds them by name.
   */
  async makeAll<Row extends { name: string }>(
    file: string,
    rows: readonly Row[],
    videoOf: (row: Row) => Record<string, unknown>,
  ): Promise<(name: string) => Promise<MadeVideo>> {
    const pathOf = await this.makePaths(file, rows, videoOf);
    return async (name) => ({ path: pathOf(name), record: await probe(pathOf(name)) });
  }

  /** The same, where nobody asks what the files say of themselves. */
  async makePaths<Row extends { name: string }>(
    file: string,
    rows: readonly Row[],
    videoOf: (row: Row) => Record<string, unknown>,
  ): Promise<(name: string) => string> {
    const outputs = rows.map((row, index) => ({
      name: `made-${index}`,
      video: { preset: "ultrafast", ...videoOf(row) },
    }));
    const attempt = await this.attemptAll([file], outputs);
    succeeded(attempt);
    return (name) => {
      const index = rows.findIndex((row) => row.name === name);
      const made = attempt.files.find((path) => path.startsWith(`made-${index}-`));
      if (!made) throw new Error(`no file was made for ${name}, only ${attempt.files.join(", ")}`);
      return attempt.pathOf(made);
    };
  }
}

function succeeded({ result, exitCode }: Attempt): void {
  expect(result.failures).toEqual([]);
  expect(exitCode).toBe(0);
}
