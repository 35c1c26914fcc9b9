import { type CommandOptions, command } from "./command.ts";

export interface Kubectl {
  /** Runs kubectl with these arguments and gives its output; throws when it fails. */
  (...args: string[]): Promise<string>;
  /** `kubectl apply -f -` of manifests: objects, or YAML text. */
  apply(manifests: string | readonly object[], ...args: string[]): Promise<string>;
  /** `kubectl … -o json`, parsed. */
  json<T = unknown>(...args: string[]): Promise<T>;
}

/** A program that takes its cluster from KUBECONFIG, bound to one cluster. */
export function boundTo(binary: string, kubeconfig: string) {
  return (args: readonly string[], options: CommandOptions = {}) =>
    command(binary, args, { ...options, env: { ...options.env, KUBECONFIG: kubeconfig } });
}

export function kubectlFor(binary: string, kubeconfig: string): Kubectl {
  const run = boundTo(binary, kubeconfig);
  return Object.assign((...args: string[]) => run(args), {
    apply: (manifests: string | readonly object[], ...args: string[]) =>
      run(["apply", "-f", "-", ...args], {
        input:
          typeof manifests === "string"
            ? manifests
            : manifests.map((one) => JSON.stringify(one)).join("\n---\n"),
      }),
    json: async <T>(...args: string[]) => JSON.parse(await run([...args, "-o", "json"])) as T,
  });
}
