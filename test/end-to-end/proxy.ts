import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type Proxy = {
  address: string;
  /** Answers do not come back any more: the caller cannot know what became of its calls. */
  swallowAnswers(): void;
  /** Nothing gets through in either direction, and no connection breaks. */
  blockEverything(): void;
  /** What was lost meanwhile stays lost. */
  passEverything(): void;
  stop(): Promise<void>;
};

/** A stretch of network in front of a server that can go bad in ways a closed port cannot. */
export async function startProxy(target: string): Promise<Proxy> {
  const { hostname, port } = new URL(`tcp://${target}`);
  const sockets = new Set<Socket>();
  let passes = { requests: true, answers: true };
  const server = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) });
    client.on('data', (chunk) => void (passes.requests && upstream.write(chunk)));
    upstream.on('data', (chunk) => void (passes.answers && client.write(chunk)));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => [client, upstream].forEach((end) => end.destroy()));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallowAnswers: () => void (passes = { requests: true, answers: false }),
    blockEverything: () => void (passes = { requests: false, answers: false }),
    passEverything: () => void (passes = { requests: true, answers: true }),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
