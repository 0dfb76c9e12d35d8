import { pino, type Logger } from 'pino';

export type Log = Logger;

/** JSON lines on standard output. Ids always, secrets never: what could hold one is removed wherever it turns up. */
export function createLog(level: string): Log {
  return pino({
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: ['*.token', '*.api_key', '*.authorization', '*.cookie', '*.password', 'req.headers', 'connectionString'],
  });
}
