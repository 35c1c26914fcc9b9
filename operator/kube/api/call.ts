import type { Asked } from "./api-error.ts";
import type { Resource } from "./resources.ts";

export type Verb = "get" | "list" | "watch" | "create" | "update" | "patch" | "apply" | "delete";

/** One request to the API server, before it is one of HTTP. */
export interface Call {
  readonly verb: Verb;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly resource: Resource;
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  readonly subresource?: string | undefined;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly contentType?: string;
  readonly body?: unknown;
}

/** What a call asks for, in the words of errors. */
export function askedBy({ method, verb, resource, namespace, name, subresource }: Call): Asked {
  const where = [namespace, name].filter(Boolean).join("/");
  return {
    method: verb === "watch" ? "WATCH" : method,
    what: `${resource.plural}${where && ` ${where}`}${subresource ? `, ${subresource}` : ""}`,
  };
}

/** Path and query of a call, below the API server's own path. */
export function pathOf(server: URL, { resource, namespace, name, subresource, query = {} }: Call): string {
  const prefix = server.pathname.replace(/\/$/, ""); // some front ends serve a cluster below a path
  const group = resource.apiVersion.includes("/") ? "apis" : "api";
  const parts = [
    group,
    resource.apiVersion,
    ...(resource.namespaced && namespace ? ["namespaces", encodeURIComponent(namespace)] : []),
    resource.plural,
    ...(name ? [encodeURIComponent(name)] : []),
    ...(subresource ? [subresource] : []),
  ];
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value !== undefined) parameters.set(key, value);
  const search = parameters.toString();
  return `${prefix}/${parts.join("/")}${search && `?${search}`}`;
}
