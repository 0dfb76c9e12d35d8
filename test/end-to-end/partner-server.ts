import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type PartnerServer = {
  /** Template of a postback to this server. */
  url: string;
  /** When each call arrived, in milliseconds of a clock that only goes forward. */
  calledAt: number[];
  stop(): Promise<void>;
};

/** A partner's server that takes its time: `answer` gives the HTTP status of each call, counted from 1. */
export async function startPartnerServer(answer: (call: number) => Promise<number>): Promise<PartnerServer> {
  const calledAt: number[] = [];
  const server = createServer((_request, response) => {
    calledAt.push(performance.now());
    void answer(calledAt.length).then((status) => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?ref={ref_id}&status={status}`,
    calledAt,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
