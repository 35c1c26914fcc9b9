import { afterEach, describe, expect, test } from "vitest";
import { added, bookmark, configMap, listOf, modified, watchError } from "../testing/objects.ts";
import { json, refusal, ScriptedServer, type Step, stream } from "../testing/scripted-server.ts";
import { ApiError } from "./api-error.ts";
import { KubeClient, type WatchOptions } from "./client.ts";
import { CONFIG_MAPS, MEDIA_JOBS, NODES, TOKEN_REVIEWS } from "./resources.ts";
import type { AnsweredRequest, TransportOptions } from "./transport.ts";

const ref = { namespace: "default", name: "a" };
const watchFrom1: WatchOptions = {
  resourceVersion: "1",
  timeoutSeconds: 300,
  overdueMs: 60_000,
  silentMs: 60_000,
};

/** Nobody reads who set which field, so it is not even parsed. */
const asRead = (sent: unknown): unknown =>
  JSON.parse(JSON.stringify(sent, (field, value) => (field === "managedFields" ? undefined : value)));

let server: ScriptedServer;
let client: KubeClient;

async function serve(script: Step[], options: TransportOptions = {}): Promise<void> {
  server = await ScriptedServer.start(...script);
  client = new KubeClient(server.access, options);
}

afterEach(async () => {
  await client.close();
  await server.stop();
});

describe("what goes out", () => {
  const draft = { metadata: { namespace: "default", name: "a" }, data: { value: "1" } };
  const sentDraft = { apiVersion: "v1", kind: "ConfigMap", ...draft };
  const inDefault = "/api/v1/namespaces/default/configmaps";
  const by = "fieldManager=mediajob-operator&fieldValidation=Ignore";

  test.each<{ name: string; call: () => Promise<unknown>; line: string; type?: string; body?: unknown }>([
    { name: "get", call: () => client.get(CONFIG_MAPS, ref), line: `GET ${inDefault}/a` },
    {
      name: "get of what lives outside namespaces",
      call: () => client.get(NODES, { name: "n", namespace: "ignored" }),
      line: "GET /api/v1/nodes/n",
    },
    {
      name: "list in all namespaces, with a selector",
      call: () => client.list(CONFIG_MAPS, { labelSelector: "a=b,c" }),
      line: "GET /api/v1/configmaps?labelSelector=a%3Db%2Cc&limit=500",
    },
    {
      name: "create",
      call: () => client.create(CONFIG_MAPS, draft),
      line: `POST ${inDefault}?${by}`,
      type: "application/json",
      body: sentDraft,
    },
    {
      name: "create of what is only answered",
      call: () =>
        client.create(TOKEN_REVIEWS, { metadata: {}, spec: { token: "t", audiences: ["mediajob"] } }),
      line: `POST /apis/authentication.k8s.io/v1/tokenreviews?${by}`,
      type: "application/json",
      body: {
        apiVersion: "authentication.k8s.io/v1",
        kind: "TokenReview",
        metadata: {},
        spec: { token: "t", audiences: ["mediajob"] },
      },
    },
    {
      name: "merge patch of a status",
      call: () =>
        client.mergePatch(MEDIA_JOBS, ref, { status: { phase: "Queued" } }, { subresource: "status" }),
      line: `PATCH /apis/mediajob.dev/v1alpha1/namespaces/default/mediajobs/a/status?${by}`,
      type: "application/merge-patch+json",
      body: { status: { phase: "Queued" } },
    },
    {
      name: "a status as a whole, of exactly this version",
      call: () => {
        const version = { ...ref, uid: "u", resourceVersion: "7" };
        return client.replaceStatus(MEDIA_JOBS, version, { phase: "Queued" });
      },
      line: `PUT /apis/mediajob.dev/v1alpha1/namespaces/default/mediajobs/a/status?${by}`,
      type: "application/json",
      body: {
        apiVersion: "mediajob.dev/v1alpha1",
        kind: "MediaJob",
        metadata: { ...ref, uid: "u", resourceVersion: "7" },
        status: { phase: "Queued" },
      },
    },
    {
      name: "apply",
      call: () => client.apply(CONFIG_MAPS, draft),
      line: `PATCH ${inDefault}/a?${by}&force=true`,
      type: "application/apply-patch+yaml",
      body: sentDraft,
    },
    {
      name: "delete of exactly this one",
      call: () =>
        client.delete(CONFIG_MAPS, ref, { propagationPolicy: "Background", preconditions: { uid: "u" } }),
      line: `DELETE ${inDefault}/a`,
      type: "application/json",
      body: {
        apiVersion: "v1",
        kind: "DeleteOptions",
        propagationPolicy: "Background",
        preconditions: { uid: "u" },
      },
    },
  ])("$name", async ({ call, line, type, body = null }) => {
    await serve([json(listOf(1))]);
    await call();
    const { method, url, headers, body: sent } = await server.request(1);
    expect(`${method} ${url.pathname}${url.search}`).toBe(line);
    expect(headers["content-type"]).toBe(type);
    expect(headers.authorization).toBe("Bearer scripted");
    expect(sent).toEqual(body);
  });

  test("a cluster served below a path is reached there", async () => {
    await serve([json(configMap())]);
    const below = new KubeClient({
      ...server.access,
      server: new URL("/clusters/c1/", server.access.server),
    });
    await below.get(CONFIG_MAPS, ref);
    expect((await server.request(1)).url.pathname).toBe(
      `/clusters/c1/api/v1/namespaces/default/configmaps/a`,
    );
    await below.close();
  });

  test("more requests than connections wait for one another", async () => {
    const held: (() => void)[] = [];
    const hold: Step = (response) => {
      held.push(() => response.end(JSON.stringify(configMap())));
    };
    await serve([hold, hold, hold], { maxConnections: 2 });
    const answers = [1, 2, 3].map(() => client.get(CONFIG_MAPS, ref));
    await server.request(2);
    expect(server.received).toHaveLength(2);
    held[0]?.();
    await server.request(3);
    for (const answer of held.slice(1)) answer();
    expect(await Promise.all(answers)).toHaveLength(3);
  });
});

describe("what comes back", () => {
  test("get answers null for what does not exist", async () => {
    await serve([refusal(404, "NotFound")]);
    expect(await client.get(CONFIG_MAPS, ref)).toBeNull();
  });

  test("an unknown kind is an error, not an absent object", async () => {
    await serve([(response) => void response.writeHead(404).end("404 page not found\n")]);
    await expect(client.get(MEDIA_JOBS, ref)).rejects.toThrow(
      "GET mediajobs default/a: 404: 404 page not found",
    );
  });

  test.each([
    { name: "null when it is gone", answer: json({ kind: "Status", status: "Success" }), expected: null },
    { name: "null when it was gone before", answer: refusal(404, "NotFound"), expected: null },
    {
      name: "the object while it waits for its finalizers",
      answer: json(configMap()),
      expected: asRead(configMap()),
    },
  ])("delete answers $name", async ({ answer, expected }) => {
    await serve([answer]);
    expect(await client.delete(CONFIG_MAPS, ref)).toEqual(expected);
  });

  test.each([
    {
      name: "a refusal by its Status",
      answer: refusal(409, "AlreadyExists", { message: 'configmaps "a" already exists' }),
      expected: { code: 409, reason: "AlreadyExists", retryAfterMs: null },
      message: 'GET configmaps default/a: 409 AlreadyExists: configmaps "a" already exists',
    },
    {
      name: "overload with the time to stay away",
      answer: refusal(429, "TooManyRequests", { retryAfterSeconds: 7 }),
      expected: { code: 429, reason: "TooManyRequests", retryAfterMs: 7000 },
      message: "429 TooManyRequests",
    },
    {
      name: "the time to stay away in the Status, without a header",
      answer: json(
        { kind: "Status", code: 500, reason: "ServerTimeout", details: { retryAfterSeconds: 2 } },
        500,
      ),
      expected: { code: 500, reason: "ServerTimeout", retryAfterMs: 2000 },
      message: "500 ServerTimeout",
    },
    {
      name: "a proxy's refusal in plain text",
      answer: ((response) => void response.writeHead(503).end("no healthy upstream")) as Step,
      expected: { code: 503, reason: "Unknown", retryAfterMs: null },
      message: "503: no healthy upstream",
    },
    {
      name: "missing rights with the way out",
      answer: refusal(403, "Forbidden"),
      expected: { code: 403, reason: "Forbidden" },
      message: "grant it to the operator's service account (RBAC)",
    },
    {
      name: "a connection that breaks before the answer",
      answer: ((response) => void response.destroy()) as Step,
      expected: { code: 0, reason: "ConnectionFailed" },
      message: "GET configmaps default/a: no answer from the API server",
    },
    {
      name: "a connection that breaks in the middle of the answer",
      answer: stream(['{"kind":"Config'], "reset"),
      expected: { code: 0, reason: "ConnectionFailed" },
      message: "no answer from the API server",
    },
  ])("reports $name", async ({ answer, expected, message }) => {
    await serve([answer]);
    const error = await client.get(CONFIG_MAPS, ref).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject(expected);
    expect(error.message).toContain(message);
  });

  test("a 401 makes the next request look its credentials up anew", async () => {
    let rejections = 0;
    await serve([refusal(401, "Unauthorized")]);
    const rejected = () => {
      rejections += 1;
    };
    const other = new KubeClient({ ...server.access, rejected });
    await expect(other.get(CONFIG_MAPS, ref)).rejects.toMatchObject({ code: 401 });
    expect(rejections).toBe(1);
    await other.close();
  });

  test("each request is told to the metrics, also one without an answer", async () => {
    const told: AnsweredRequest[] = [];
    const onRequest = (request: AnsweredRequest) => void told.push(request);
    await serve([json(configMap()), refusal(429, "TooManyRequests"), (response) => void response.destroy()], {
      onRequest,
    });
    for (let n = 0; n < 3; n += 1) await client.get(CONFIG_MAPS, ref).catch(() => {});
    expect(told.map(({ verb, resource, code }) => `${verb} ${resource} ${code}`)).toEqual([
      "get configmaps 200",
      "get configmaps 429",
      "get configmaps 0",
    ]);
  });
});

describe("time limits", () => {
  test.each<{ name: string; step: Step }>([
    { name: "says nothing", step: () => {} },
    { name: "drips its answer for ever", step: drip },
  ])("a server that $name is given up", async ({ step }) => {
    await serve([step]);
    await expect(client.get(CONFIG_MAPS, ref, { timeoutMs: 60 })).rejects.toMatchObject({
      code: 0,
      reason: "RequestTimeout",
      message: "GET configmaps default/a: no complete answer within 60 ms",
    });
  });

  test("a caller's abort ends the request with the caller's reason", async () => {
    await serve([]);
    const caller = new AbortController();
    const answer = client.get(CONFIG_MAPS, ref, { signal: caller.signal });
    await server.request(1);
    caller.abort(new Error("shutting down"));
    await expect(answer).rejects.toThrow("shutting down");
  });
});

describe("list", () => {
  const page = (version: number, next: string, ...names: string[]) =>
    json({
      metadata: { resourceVersion: String(version), continue: next },
      items: names.map((name) => configMap({ name })),
    });
  const namesOf = (items: readonly { metadata: { name: string } }[]) =>
    items.map(({ metadata }) => metadata.name);

  test("goes through all pages, and its version is the first one's", async () => {
    await serve([page(7, "next", "a", "b"), page(8, "", "c")]);
    const { items, resourceVersion } = await client.list(CONFIG_MAPS, { pageSize: 2 });
    expect(namesOf(items)).toEqual(["a", "b", "c"]);
    expect(resourceVersion).toBe("7");
    expect(server.received.map(({ url }) => url.search)).toEqual(["?limit=2", "?limit=2&continue=next"]);
  });

  test("starts over, in one piece, when the second page has expired", async () => {
    await serve([page(7, "next", "a", "b"), refusal(410, "Expired"), page(9, "", "b", "c", "d")]);
    const { items, resourceVersion } = await client.list(CONFIG_MAPS, { pageSize: 2 });
    expect(namesOf(items)).toEqual(["b", "c", "d"]);
    expect(resourceVersion).toBe("9");
    expect((await server.request(3)).url.search).toBe("");
  });

  test("gives each item its kind, which the server leaves out", async () => {
    const { apiVersion: _, kind: __, ...bare } = configMap();
    await serve([json({ metadata: { resourceVersion: "1" }, items: [bare] })]);
    expect((await client.list(CONFIG_MAPS)).items[0]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
  });

  test("an empty list may come as null, as Go writes it", async () => {
    await serve([json({ metadata: { resourceVersion: "1" }, items: null })]);
    expect((await client.list(CONFIG_MAPS)).items).toEqual([]);
  });
});

describe("watch", () => {
  test("gives the events until the server ends it", async () => {
    await serve([stream([added({ version: 2 }), modified({ version: 3 }), bookmark(9)], "end")]);
    const events = [];
    for await (const event of await client.watch(CONFIG_MAPS, watchFrom1)) events.push(event);
    expect(events).toEqual([asRead(added({ version: 2 })), asRead(modified({ version: 3 })), bookmark(9)]);
    const { searchParams } = (await server.request(1)).url;
    expect(Object.fromEntries(searchParams)).toEqual({
      watch: "true",
      allowWatchBookmarks: "true",
      timeoutSeconds: "300",
      resourceVersion: "1",
    });
  });

  test.each([
    {
      name: "a reset connection",
      step: stream([added({ version: 2 })], "reset"),
      reason: "ConnectionFailed",
    },
    {
      name: "a reset inside a line",
      step: stream([added({ version: 2 }), '{"ty'], "reset"),
      reason: "ConnectionFailed",
    },
    {
      name: "half a line and a polite end",
      step: stream([added({ version: 2 }), '{"ty'], "end"),
      reason: "ConnectionFailed",
    },
    {
      name: "an ERROR event",
      step: stream([added({ version: 2 }), watchError(410, "Expired")]),
      reason: "Expired",
    },
    {
      name: "silence",
      step: stream([added({ version: 2 })]),
      reason: "WatchSilent",
      limits: { silentMs: 60 },
    },
    {
      name: "bytes that never become an event",
      step: dripAfter(added({ version: 2 })),
      reason: "WatchOverdue",
      limits: { overdueMs: 200 },
    },
  ])("ends in an error after $name, with what came before", async ({ step, reason, limits }) => {
    await serve([step]);
    const events = await client.watch(CONFIG_MAPS, { ...watchFrom1, ...limits });
    expect(await events.next()).toEqual({ value: asRead(added({ version: 2 })), done: false });
    await expect(events.next()).rejects.toMatchObject({ reason });
  });

  test("is not silent as long as anything comes", async () => {
    const sparse: Step = async (response) => {
      response.writeHead(200);
      for (let version = 2; version <= 6; version += 1) {
        await new Promise((resolve) => setTimeout(resolve, 150));
        response.write(`${JSON.stringify(bookmark(version))}\n`);
      }
      response.end();
    };
    await serve([sparse]);
    const versions: string[] = [];
    for await (const { object } of await client.watch(CONFIG_MAPS, { ...watchFrom1, silentMs: 600 })) {
      versions.push(object.metadata.resourceVersion);
    }
    expect(versions).toEqual(["2", "3", "4", "5", "6"]);
  });

  test("a refused watch is an error at once", async () => {
    await serve([refusal(503, "ServiceUnavailable", { retryAfterSeconds: 3 })]);
    await expect(client.watch(CONFIG_MAPS, watchFrom1)).rejects.toMatchObject({
      code: 503,
      retryAfterMs: 3000,
    });
  });

  test("a reader that stops reading makes the server wait", async () => {
    let sent = 0;
    const flood: Step = (response) => {
      response.writeHead(200);
      const line = `${JSON.stringify(added({ version: 2, value: "x".repeat(64 * 1024) }))}\n`;
      const send = () => {
        sent += 1;
        if (sent < 10_000) response.write(line, send);
      };
      send();
    };
    await serve([flood]);
    const events = await client.watch(CONFIG_MAPS, watchFrom1);
    await events.next();
    let before: number;
    do {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
    } while (sent > before);
    expect(sent).toBeLessThan(10_000);
    await events.return();
  });

  test("a reader that leaves closes the connection", async () => {
    const closed = Promise.withResolvers<void>();
    await serve([
      async (response, request) => {
        response.on("close", closed.resolve);
        await stream([added({ version: 2 })])(response, request);
      },
    ]);
    for await (const _ of await client.watch(CONFIG_MAPS, watchFrom1)) break;
    await closed.promise;
  });
});

function drip(response: Parameters<Step>[0]): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(" "), 5);
  response.on("close", () => clearInterval(timer));
}

function dripAfter(event: object): Step {
  return (response) => {
    response.writeHead(200);
    response.write(`${JSON.stringify(event)}\n`);
    const timer = setInterval(() => response.write(" "), 5);
    response.on("close", () => clearInterval(timer));
  };
}
