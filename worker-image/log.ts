import pino from "pino";

/** Structured logs, one line an event, on stderr: stdout stays free and nothing is lost at exit. */
export const log = pino(
  { level: process.env.LOG_LEVEL ?? "info", base: { component: "worker" } },
  pino.destination({ dest: 2, sync: true }),
);
