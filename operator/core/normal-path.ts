/** One way to write a path of several: `./out//a/` is `out/a`. */
export const normalPath = (path: string): string =>
  path
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .join("/");
