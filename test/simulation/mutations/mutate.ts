/** Puts a deliberate bug into a module as Node loads it; the files on disk stay as they are. */
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";
import type { Mutation } from "./mutation.ts";
import { MUTATIONS, repository } from "./mutations.ts";

/** To be called before the module it changes is loaded. */
export function mutate(name: string): void {
  const mutation = MUTATIONS.find((candidate) => candidate.name === name);
  if (!mutation) throw new Error(`there is no mutation ${name}`);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.startsWith("file:") || fileURLToPath(url) !== `${repository}/${mutation.file}`) return loaded;
      return { ...loaded, source: mutated(String(loaded.source), mutation) };
    },
  });
}

/** @throws Error when the place is not there exactly once: the code has changed, and the mutation must follow */
export function mutated(source: string, { name, file, find, replace }: Mutation): string {
  const places = source.split(find).length - 1;
  if (places !== 1)
    throw new Error(
      `the mutation ${name} looks for ${JSON.stringify(find)} in ${file} and finds it ${places} times, not once: write it anew`,
    );
  return source.replace(find, () => replace);
}
