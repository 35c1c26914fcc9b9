import { z } from "zod";
import { validations } from "./validation.ts";

const EXAMPLE = "https://hooks.example.com/media";

/** Where events are sent. Each fault is told in a sentence of its own, since a pattern tells nobody what to change. */
export const webhookUrl = z
  .string()
  .min(8)
  .max(2048)
  .meta(
    validations(
      {
        rule: "self.matches('^https?://')",
        message: `must begin with https:// or http://, since events are sent by POST to a web server, such as ${EXAMPLE}`,
      },
      {
        rule: "!self.matches('^https?://[^/?#]*@')",
        message:
          "must hold no user and no password: whoever may read this object reads them. A receiver knows the sender by the signature, see secretRef",
      },
      {
        rule: "!self.matches('[[:space:]]')",
        message: "must hold no space and no line break: write a space as %20",
      },
      {
        rule: "!self.matches('^https?://') || self.matches('^https?://([^/?#]*@)?([^][/?#@:]+|[[][0-9a-fA-F:.]+[]])(:[0-9]{1,5})?([/?#]|$)')",
        message: `must name a host, and may name a port, such as ${EXAMPLE} or https://hooks.example.com:8443/media`,
      },
    ),
  );
