import { resolve } from "node:path";
import { expect, test } from "vitest";
import type { MediaJob } from "../../crds/media-job.ts";
import { mediaJob } from "../../test/builders/core.ts";
import { directoriesOf } from "./directories.ts";

function job({ reads, writes, secret }: { reads: string; writes: string; secret?: string }) {
  const keySecretRef = { name: secret };
  const stream = { ...(secret && { encryption: { method: "AES-128", keyUri: "/key", keySecretRef } }) };
  return mediaJob({
    sources: [{ name: "walk", volume: { claimName: reads, path: "walk.mp4" } }],
    outputs: [{ name: "film", stream }],
    destination: { volume: { claimName: writes } },
  });
}

const first = job({ reads: "media", writes: "results" });
const second = job({ reads: "archive", writes: "results", secret: "keys" });
const given = (option: "--volume" | "--secret", text: string, ...jobs: MediaJob[]) =>
  directoriesOf(option, [text], { jobs, file: "jobs.yaml" });

test.each([
  { name: "a claim that is read", option: "--volume", text: "media=in", taken: { media: resolve("in") } },
  {
    name: "a claim that is written to",
    option: "--volume",
    text: "results=a=b",
    taken: { results: resolve("a=b") },
  },
  {
    name: "a claim of the second MediaJob",
    option: "--volume",
    text: "archive=in",
    taken: { archive: resolve("in") },
  },
  { name: "a Secret", option: "--secret", text: "keys=/keys", taken: { keys: "/keys" } },
] as const)("$name gets the directory that is given for it", ({ option, text, taken }) => {
  expect(given(option, text, first, second)).toEqual(taken);
});

test.each([
  {
    option: "--volume",
    text: "result=out",
    says: "--volume result=out: no MediaJob of jobs.yaml uses the claim result; it uses media and results",
  },
  {
    option: "--secret",
    text: "key=/keys",
    says: "--secret key=/keys: no MediaJob of jobs.yaml uses the Secret key; it uses none",
  },
  { option: "--volume", text: "media", says: "--volume media: expected CLAIM=DIR" },
] as const)("$option $text is refused", ({ option, text, says }) => {
  expect(() => given(option, text, first)).toThrow(says);
});
