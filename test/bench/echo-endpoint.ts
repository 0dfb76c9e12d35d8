// A partner's endpoint in a process of its own: answers 200 at once, and says on a line where it listens.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  request.resume();
  response.end('ok');
});
server.listen(0, '127.0.0.1', () => console.log((server.address() as AddressInfo).port));
