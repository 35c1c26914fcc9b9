import { readFileSync } from "node:fs";
import { Agent, fetch } from "undici";
import { inject } from "vitest";
import { type SharedApiServer, sharedApiServer } from "../shared-api-server.ts";
import type { Manifest } from "./manifest.ts";

/** What is wrong with a field, as the API server says it. */
export interface Cause {
  field: string;
  message: string;
}

export type Answer<T> = { ok: true; object: T; ms: number } | { ok: false; causes: Cause[]; text: string };

/** The parts of a stored MediaJob that the tests read. */
export interface Stored extends Manifest {
  metadata: Manifest["metadata"] & { name: string; resourceVersion: string; generation: number };
  status?: object;
}

export type Change = (job: Stored) => void;

/** A real API server with the generated CustomResourceDefinition, as strict as `kubectl apply` asks it to be. */
export interface MediaJobApi {
  server: SharedApiServer;
  /** Its own, in which all its objects are. */
  namespace: string;
  create(manifest: Manifest): Promise<Answer<Stored>>;
  /** Creates it in all but effect. */
  tryCreate(manifest: Manifest): Promise<Answer<Stored>>;
  /** Reads the object, changes it and puts it back; `status` writes the status and nothing else. */
  update(name: string, change: Change, subresource?: "status"): Promise<Answer<Stored>>;
  remove(name: string): Promise<void>;
  get(path: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startMediaJobApi(): Promise<MediaJobApi> {
  const server = await sharedApiServer(inject("runOfApiServer"));
  const namespace = `api-${crypto.randomUUID().slice(0, 8)}`;
  const collection = `/apis/mediajob.dev/v1alpha1/namespaces/${namespace}/mediajobs`;
  const connect = {
    ca: readFileSync(server.authority.certificate),
    cert: readFileSync(server.admin.certificate),
    key: readFileSync(server.admin.key),
  };
  const dispatcher = new Agent({ connect });

  const send = async <T = Stored>(method: string, path: string, body?: object): Promise<Answer<T>> => {
    const started = performance.now();
    const response = await fetch(`${server.url}${path}`, {
      method,
      dispatcher,
      headers: { "content-type": "application/json" },
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const ms = performance.now() - started;
    if (response.ok) return { ok: true, object: JSON.parse(text) as T, ms };
    const isStatus = response.headers.get("content-type")?.includes("json");
    return { ok: false, causes: isStatus ? causesOf(JSON.parse(text)) : [], text };
  };
  const get = async <T>(path: string): Promise<T> => {
    const answer = await send<T>("GET", path);
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.text}`);
    return answer.object;
  };

  await send("POST", "/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: namespace },
  });

  return {
    server,
    namespace,
    get,
    create: (manifest) => send("POST", `${collection}?fieldValidation=Strict`, manifest),
    tryCreate: (manifest) => send("POST", `${collection}?fieldValidation=Strict&dryRun=All`, manifest),
    async update(name, change, subresource) {
      const job = await get<Stored>(`${collection}/${name}`);
      change(job);
      const path = [collection, name, subresource].filter(Boolean).join("/");
      return await send("PUT", `${path}?fieldValidation=Strict`, job);
    },
    async remove(name) {
      const answer = await send("DELETE", `${collection}/${name}`);
      if (!answer.ok) throw new Error(answer.text);
    },
    stop: () => dispatcher.close(),
  };
}

interface Status {
  message?: string;
  details?: { causes?: Cause[] };
}

/** An unknown field is told in the message alone; a cause without a field only says that rules were left out. */
function causesOf({ message = "", details }: Status): Cause[] {
  const unknown = [...message.matchAll(/unknown field "([^"]+)"/g)].map(([text, field = ""]) => ({
    field,
    message: text,
  }));
  const causes = (details?.causes ?? [])
    .filter(({ field }) => field && field !== "<nil>")
    .map(({ field, message }) => ({ field, message }));
  return [...unknown, ...causes];
}
