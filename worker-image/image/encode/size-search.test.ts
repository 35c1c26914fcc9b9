import { expect, test } from "vitest";
import { searchSize } from "./size-search.ts";

/** An encoder whose files grow with quality as those of JPEG do. */
function encoder(bytesAtOne: number, growth = 1.04) {
  const asked: number[] = [];
  const encode = async (quality: number) => {
    asked.push(quality);
    return { quality, data: { length: Math.round(bytesAtOne * growth ** (quality - 1)) } };
  };
  return { asked, encode };
}

test("what fits at the wanted quality is encoded once", async () => {
  const { asked, encode } = encoder(100);
  expect((await searchSize({ maxBytes: 10_000, quality: 85 }, encode)).quality).toBe(85);
  expect(asked).toEqual([85]);
});

test.each([300, 800, 1500, 2500])(
  "the best quality below %i bytes is found in few encodes",
  async (maxBytes) => {
    const { asked, encode } = encoder(100);
    const { quality, data } = await searchSize({ maxBytes, quality: 95 }, encode);
    expect(data.length).toBeLessThanOrEqual(maxBytes);
    expect(data.length).toBeGreaterThan(maxBytes * 0.9);
    expect(asked.length).toBeLessThanOrEqual(8);
    expect(new Set(asked).size).toBe(asked.length);
    expect(quality).toBeLessThan(95);
  },
);

test("sizes that jump are searched as well", async () => {
  const encode = async (quality: number) => ({ data: { length: quality > 50 ? 9000 : 10 } });
  expect((await searchSize({ maxBytes: 100, quality: 90 }, encode)).data.length).toBe(10);
});

test("what is too large even at quality 1 is told with its size", async () => {
  const { encode } = encoder(5000);
  await expect(searchSize({ maxBytes: 1000, quality: 80 }, encode)).rejects.toMatchObject({
    reason: "InvalidOutputSpec",
    message: expect.stringContaining("5000 bytes"),
  });
});
