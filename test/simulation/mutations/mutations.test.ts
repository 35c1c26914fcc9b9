import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { mutated } from "./mutate.ts";
import { MUTATIONS, repository } from "./mutations.ts";

/** All of them within 2,000 seeds each: `npm run sim -- --mutations`. */

test.each(MUTATIONS)("$name still finds its place: $what", (mutation) => {
  const source = readFileSync(`${repository}/${mutation.file}`, "utf8");
  expect(mutated(source, mutation)).not.toBe(source);
});
