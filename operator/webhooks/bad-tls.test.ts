import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createAuthority, issueCertificate } from "../../test/cluster/certificates.ts";
import { AddressGuard } from "./address-guard.ts";
import { Sender } from "./deliver.ts";

test("a receiver whose certificate nobody vouches for gets nothing, and is tried again", async () => {
  const directory = await mkdtemp(join(tmpdir(), "mediajob-tls-"));
  const authority = await createAuthority(directory, "an authority of its own");
  const pair = await issueCertificate(directory, authority, "hooks", {
    commonName: "hooks",
    addresses: ["127.0.0.1"],
  });
  let received = 0;
  const receiver = createServer(
    { cert: await readFile(pair.certificate), key: await readFile(pair.key) },
    (_, response) => {
      received++;
      response.end();
    },
  );
  await new Promise<void>((done) => receiver.listen(0, "127.0.0.1", done));
  const sender = new Sender({ guard: new AddressGuard({ all: true, cidrs: [], hosts: [] }) });
  try {
    const url = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    const delivery = await sender.send({ id: "msg_1", secret: "c2VjcmV0", url, body: "{}" }, new Date());
    expect(delivery).toMatchObject({ outcome: "retry", error: expect.stringContaining("certificate") });
    expect(received).toBe(0);
  } finally {
    await sender.close();
    receiver.closeAllConnections();
    await new Promise((done) => receiver.close(done));
    await rm(directory, { recursive: true });
  }
});
