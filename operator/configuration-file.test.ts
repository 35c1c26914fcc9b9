import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConfigurationFile } from "./configuration-file.ts";

let directory: string;
let path: string;
const write = (text: string) => writeFile(path, text);

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "configuration-"));
  path = join(directory, "config.yaml");
});
afterEach(() => rm(directory, { recursive: true }));

test("without a file the defaults count", async () => {
  const file = await ConfigurationFile.open(undefined);
  expect(file.current.concurrency).toBe(1000);
  expect(await file.look()).toEqual({ found: "Same" });
});

test("an empty file is one of defaults", async () => {
  await write("");
  expect((await ConfigurationFile.open(path)).current.concurrency).toBe(1000);
});

test.each([
  { name: "is not YAML", text: "pools: [", message: /config\.yaml is not YAML/ },
  { name: "is not valid", text: "concurrency: 0", message: /config\.yaml is not valid:\s.*concurrency/s },
  {
    name: "calls two pools alike",
    text: "pools: [{ name: cpu }, { name: gpu }, { name: cpu }]",
    message: /pools\[0\] is called cpu, too: give one of them another name\s+→ at pools\[2\]\.name/,
  },
  {
    name: "calls two endpoints alike, so that no status could be written",
    text: "webhooks: { endpoints: [&a { name: a, url: 'https://a.example', secretRef: { name: s } }, *a] }",
    message:
      /endpoints\[0\] is called a, too: give one of them another name\s+→ at webhooks\.endpoints\[1\]\.name/,
  },
  {
    name: "gives a pool encoders and no accelerator that has them",
    text: "pools: [{ name: gpu, encoder: nvenc }]",
    message: /of an accelerator: name its resource, such as nvidia\.com\/gpu\s+→ at pools\[0\]\.gpuResource/,
  },
  {
    name: "gives a pool no memory, in which no unit would ever run",
    text: "pools: [{ name: cpu, perUnit: { memory: '0' } }]",
    message: /must be more than 0, e\.g\. 8Gi\s+→ at pools\[0\]\.perUnit\.memory/,
  },
  {
    name: "gives a pool thousandths of a byte",
    text: "pools: [{ name: cpu, perUnit: { scratch: 100m } }]",
    message: /write Mi for mebibytes\s+→ at pools\[0\]\.perUnit\.scratch/,
  },
  {
    name: "allows an address as if it were a name, which would never be looked at",
    text: "webhooks: { allow: { hosts: [10.0.0.5] } }",
    message: /an address belongs in cidrs, as 10\.0\.0\.5\/32\s+→ at webhooks\.allow\.hosts\[0\]/,
  },
  { name: "has an unknown field", text: "concurency: 3", message: /Unrecognized key: "concurency"/ },
])("a file that $name does not let the operator start", async ({ text, message }) => {
  await write(text);
  await expect(ConfigurationFile.open(path)).rejects.toThrow(message);
});

describe("while the operator runs", () => {
  let file: ConfigurationFile;
  beforeEach(async () => {
    await write("concurrency: 5");
    file = await ConfigurationFile.open(path);
  });

  test("a file that is as it was is no news", async () => {
    expect(await file.look()).toEqual({ found: "Same" });
  });

  test("a changed file counts from then on", async () => {
    await write("concurrency: 6");
    expect(await file.look()).toEqual({ found: "New" });
    expect(file.current.concurrency).toBe(6);
    expect(await file.look()).toEqual({ found: "Same" });
  });

  test("an invalid file is told of once, and the last valid one counts", async () => {
    await write("concurrency: -1");
    expect(await file.look()).toMatchObject({
      found: "Invalid",
      message: expect.stringContaining("concurrency"),
    });
    expect(await file.look()).toEqual({ found: "Same" });
    expect(file.current.concurrency).toBe(5);
    expect(file.isValid).toBe(false);
  });

  test("a file that cannot be read changes nothing", async () => {
    await rm(path);
    expect(await file.look()).toMatchObject({
      found: "Invalid",
      message: expect.stringContaining("ENOENT"),
    });
    expect(file.current.concurrency).toBe(5);
  });

  test("a file that is valid again counts again", async () => {
    await write("concurrency: x");
    await file.look();
    await write("concurrency: 7");
    expect(await file.look()).toEqual({ found: "New" });
    expect({ valid: file.isValid, concurrency: file.current.concurrency }).toEqual({
      valid: true,
      concurrency: 7,
    });
  });

  test("a fault that is taken back is over, and what counted goes on to count", async () => {
    await write("concurrency: x");
    await file.look();
    await write("concurrency: 5");
    expect(await file.look()).toEqual({ found: "Same" });
    expect(file.isValid).toBe(true);
  });
});
