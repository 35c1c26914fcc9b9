import { Webhook } from "standardwebhooks";

/**
 * The value of `webhook-signature`: one `v1` HMAC-SHA256 for each secret, separated by spaces, as Standard Webhooks
 * has it. While a secret is rotated both stand in the Secret, and a receiver that knows either accepts the event.
 *
 * @param secrets base64, each with or without `whsec_`, separated by white space
 * @throws Error that says what is wrong with them, and never holds a part of them
 */
export function signatureOf(secrets: string, { id, body }: { id: string; body: string }, now: Date): string {
  const each = secrets.split(/\s+/).filter(Boolean);
  if (each.length === 0) throw new UnusableSecretError("the signing secret is empty");
  if (each.length > MAX_SECRETS) {
    throw new UnusableSecretError(
      `there are ${each.length} signing secrets; at most ${MAX_SECRETS} are used at once`,
    );
  }
  return each.map((secret, index) => keyOf(secret, index).sign(id, now, body)).join(" ");
}

/** Enough to rotate; more make the header longer than some receivers take. */
const MAX_SECRETS = 5;

export class UnusableSecretError extends Error {}

function keyOf(secret: string, index: number): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    // The cause is left out: whoever reads logs must not learn a part of a secret.
    throw new UnusableSecretError(
      `signing secret ${index + 1} is not base64; make one by: openssl rand -base64 32`,
    );
  }
}
