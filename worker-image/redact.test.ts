import { expect, test } from "vitest";
import { redacted } from "./redact.ts";

test.each([
  { name: "a line without secrets", line: "[h264] error while decoding MB 3 4", expected: undefined },
  { name: "a Windows path", line: "C:\\media\\in.mp4: No such file", expected: undefined },
  {
    name: "the user of a URL",
    line: "opening 'https://anna:s3cret@example.test/a.mp4'",
    expected: "opening 'https://…@example.test/a.mp4'",
  },
  {
    name: "the query of a signed URL",
    line: "https://b.example.test/a.mp4?X-Amz-Signature=abc&X-Amz-Credential=d: 403",
    expected: "https://b.example.test/a.mp4?… 403",
  },
  { name: "a header", line: "Authorization: Bearer abc.def", expected: "Authorization: …" },
  { name: "a setting", line: "secret_key='abc' region=eu", expected: "secret_key='abc' region=eu" },
  { name: "a token", line: "access_token=abc, tries=3", expected: "access_token=…, tries=3" },
  {
    name: "a password in JSON",
    line: '{"password": "abc", "user": "x"}',
    expected: '{"password": "…", "user": "x"}',
  },
])("$name", ({ line, expected = line }) => expect(redacted(line)).toBe(expected));
