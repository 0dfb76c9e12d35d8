import { pino, type DestinationStream, type Logger } from 'pino';

export type Log = Logger;

const SECRETS = ['token', 'api_key', 'authorization', 'cookie', 'password', 'connectionString'];

/**
 * JSON lines on standard output. Ids always, secrets never: a field with the name of a secret is blotted out at the top
 * of a line and up to two objects below. What lies deeper, or is part of a text, must not get here.
 */
export function createLog(level: string, output?: DestinationStream): Log {
  return pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: [...SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), 'req.headers'],
    },
    output,
  );
}
