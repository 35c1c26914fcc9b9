import { Breakers } from "../core/queue/breaker.ts";
import { KeptRoom } from "../core/queue/kept-room.ts";
import { Rejections } from "../core/queue/rejections.ts";
import { RetryLine } from "../core/queue/retry-gate.ts";
import { RoomWaits } from "../core/queue/room-waits.ts";
import { WaitingLine } from "../core/queue/waiting-line.ts";

/**
 * What one term of leadership learns by its own passes. The next one begins with nothing, as another operator would: what
 * has come of it under another leader nobody told us, nor does who leads no more show it in metrics.
 */
export class Term {
  readonly line = new WaitingLine();
  readonly breakers = new Breakers();
  readonly retryLine = new RetryLine();
  readonly roomWaits = new RoomWaits();
  readonly keptRoom = new KeptRoom();
  readonly rejections = new Rejections();
}
