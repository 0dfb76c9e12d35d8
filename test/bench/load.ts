import { connect, type Socket } from 'node:net';

export type LoadOptions = {
  origin: string;
  path: string;
  connections: number;
  seconds: number;
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

/**
 * A closed loop over raw keep-alive sockets: each sends its next request when its last answer is in. It costs a fraction
 * of an HTTP client, which on a small machine would take the processor from what is being measured.
 */
export async function runLoad({
  origin,
  path,
  connections,
  seconds,
  expectedStatus,
}: LoadOptions): Promise<LoadResult> {
  const { hostname, port } = new URL(origin);
  const request = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: ${hostname}\r\nuser-agent: Mozilla/5.0 (bench)\r\n\r\n`);
  const status = Buffer.from(`HTTP/1.1 ${expectedStatus} `);
  const latenciesMs: number[] = [];
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  let failed = 0;
  await Promise.all(Array.from({ length: connections }, () => runConnection()));
  const elapsed = (performance.now() - startedAt) / 1000;
  return {
    answered: latenciesMs.length,
    failed,
    perSecond: latenciesMs.length / elapsed,
    latenciesMs,
    seconds: elapsed,
  };

  async function runConnection(): Promise<void> {
    const socket = await open(hostname, Number(port));
    await new Promise<void>((resolve, reject) => {
      let sentAt = performance.now();
      let pending: Buffer | undefined;
      const next = () => {
        if (performance.now() >= endsAt) return resolve();
        sentAt = performance.now();
        socket.write(request);
      };
      socket.on('error', reject);
      socket.on('close', () => reject(new Error('The server closed the connection.')));
      socket.on('data', (chunk: Buffer) => {
        pending = pending ? Buffer.concat([pending, chunk]) : chunk;
        if (!isComplete(pending)) return;
        if (pending.subarray(0, status.length).equals(status)) latenciesMs.push(performance.now() - sentAt);
        else failed++;
        pending = undefined;
        next();
      });
      next();
    });
    socket.removeAllListeners('close');
    socket.destroy();
  }
}

/** True when headers and body are in; both sides of the benchmark announce their length. */
function isComplete(response: Buffer): boolean {
  const end = response.indexOf(HEADER_END);
  if (end === -1) return false;
  const head = response.toString('latin1', 0, end).toLowerCase();
  const at = head.indexOf('content-length: ');
  const length = at === -1 ? 0 : Number.parseInt(head.slice(at + 16, at + 26), 10);
  return response.length >= end + HEADER_END.length + length;
}

async function open(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  return socket;
}
