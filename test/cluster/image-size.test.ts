import { expect, test } from "vitest";
import { assertLean } from "./image-size.ts";

test.each([
  { name: "an operator as it was measured", component: "operator", addedBytes: 5.6e6, error: undefined },
  { name: "a worker as it was measured", component: "worker", addedBytes: 353e6, error: undefined },
  {
    name: "an operator that brings its node_modules",
    component: "operator",
    addedBytes: 100e6,
    error: "the operator's image adds 100 MB to its base, and may add 30 MB",
  },
  {
    name: "a worker with OpenGL's drivers and the other makers' of encoders",
    component: "worker",
    addedBytes: 551e6,
    error: "the worker's image adds 551 MB to its base, and may add 550 MB",
  },
])("$name is told to be too large or is let be", ({ component, addedBytes, error }) => {
  const check = () => assertLean(component, addedBytes);
  if (error) expect(check).toThrow(error);
  else expect(check).not.toThrow();
});
