import { connect } from 'node:net';

export type LoadOptions = {
  origin: string;
  /** Several are sent one after the other, a request each, and then again from the first. */
  path: string | string[];
  /** Sent one after the other, a request each, and then again from the first; without any, no request has a cookie. */
  cookies?: string[];
  connections: number;
  seconds: number;
  /** Ends the load after so many, if they are sent before its time is over. */
  requests?: number;
  /** Any other answer counts as failed. */
  expectedStatus: number;
};

export type LoadResult = {
  answered: number;
  failed: number;
  perSecond: number;
  latenciesMs: number[];
  seconds: number;
};

const HEADER_END = Buffer.from('\r\n\r\n');
// As Express spells it, and as our own answers do.
const LENGTH_HEADERS = [Buffer.from('\r\nContent-Length: '), Buffer.from('\r\ncontent-length: ')];
const READ_BYTES = 64 * 1024;

/**
 * A closed loop over raw keep-alive sockets: each sends its next request when its last answer is in. It costs a fraction
 * of an HTTP client, which on a small machine would take the processor from what is being measured.
 */
export async function runLoad({
  origin,
  path,
  cookies = [],
  connections,
  seconds,
  requests = Infinity,
  expectedStatus,
}: LoadOptions): Promise<LoadResult> {
  const { hostname, port } = new URL(origin);
  const headOf = (each: string) => `GET ${each} HTTP/1.1\r\nhost: ${hostname}\r\nuser-agent: Mozilla/5.0 (bench)\r\n`;
  const lines = cookies.length === 0 ? [''] : cookies.map((cookie) => `cookie: ${cookie}\r\n`);
  const messages = [path].flat().flatMap((each) => lines.map((line) => Buffer.from(`${headOf(each)}${line}\r\n`)));
  const status = Buffer.from(`HTTP/1.1 ${expectedStatus} `);
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let [sent, failed] = [0, 0];
  await Promise.all(Array.from({ length: connections }, () => runConnection()));
  const elapsed = (performance.now() - startedAt) / 1000;
  return {
    answered: latenciesMs.length,
    failed,
    perSecond: latenciesMs.length / elapsed,
    latenciesMs,
    seconds: elapsed,
  };

  function runConnection(): Promise<void> {
    return new Promise((resolve, reject) => {
      let sentAt = 0;
      let missingBytes = 0;
      // Reads into one buffer again and again, without a stream in between.
      const onread = { buffer: Buffer.alloc(READ_BYTES), callback: onRead };
      const socket = connect({ host: hostname, port: Number(port), noDelay: true, onread }, send);
      socket.once('error', reject);
      socket.once('close', () => reject(new Error('The server closed the connection.')));

      function send(): void {
        sentAt = performance.now();
        if (sentAt < endsAt && sent < requests) {
          return void socket.write(messages[sent++ % messages.length] as Buffer);
        }
        socket.removeAllListeners('close').destroy();
        resolve();
      }

      function onRead(bytes: number, buffer: Uint8Array): boolean {
        if (missingBytes === 0) {
          const head = (buffer as Buffer).subarray(0, bytes);
          missingBytes = lengthOf(head);
          if (head.subarray(0, status.length).equals(status)) latenciesMs.push(performance.now() - sentAt);
          else failed++;
        }
        missingBytes -= bytes;
        if (missingBytes === 0) send();
        return true;
      }
    });
  }
}

/** Bytes of a response in all, headers and body; both sides announce the length, and send all headers at once. */
function lengthOf(head: Buffer): number {
  const headerBytes = head.indexOf(HEADER_END) + HEADER_END.length;
  for (const name of LENGTH_HEADERS) {
    const at = head.indexOf(name);
    if (at === -1) continue;
    return headerBytes + Number.parseInt(head.toString('latin1', at + name.length, at + name.length + 10), 10);
  }
  return headerBytes;
}
