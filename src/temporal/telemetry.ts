import { Runtime, type Logger } from '@temporalio/worker';
import { request } from 'undici';
import { findFreePort } from '../free-port.ts';
import type { Log } from '../log.ts';

export type Telemetry = {
  /** Temporal's own worker metrics in Prometheus' text format. */
  readMetrics(): Promise<string>;
};

// The worker that asks Postgres alone has no workflows; every start would warn of it.
const INTENDED = ['No workflows registered, not polling for workflow tasks'];

/** Must run before anything else of the SDK: its logs become ours, its signal handlers are off, its metrics readable. */
export async function startTelemetry(log: Log): Promise<Telemetry> {
  const bindAddress = `127.0.0.1:${await findFreePort()}`;
  Runtime.install({
    logger: toSdkLogger(log),
    // The program stops in its own order.
    shutdownSignals: [],
    telemetryOptions: {
      metrics: { prometheus: { bindAddress } },
      logging: { forward: {}, filter: { core: 'WARN', other: 'ERROR' } },
    },
  });
  return {
    async readMetrics() {
      const { body } = await request(`http://${bindAddress}/metrics`);
      return await body.text();
    },
  };
}

function toSdkLogger(log: Log): Logger {
  const write = (level: 'trace' | 'debug' | 'warn' | 'error') => (message: string, meta?: object) =>
    log[level](meta ?? {}, message);
  const trace = write('trace');
  const debug = write('debug');
  // What the SDK calls info, an operator does not need to hear of.
  const info = debug;
  const worry = write('warn');
  const warn = (message: string, meta?: object) => {
    if (INTENDED.includes(message)) debug(message, meta);
    else worry(message, meta);
  };
  const error = write('error');
  const byLevel = { TRACE: trace, DEBUG: debug, INFO: info, WARN: warn, ERROR: error };
  return { trace, debug, info, warn, error, log: (level, message, meta) => byLevel[level](message, meta) };
}
