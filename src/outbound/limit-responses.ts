import type { Socket } from 'node:net';

/** More bytes came for one request than any response may take, whatever they were. */
export class ResponseBytesError extends Error {
  override readonly name = 'ResponseBytesError';
}

/**
 * Ends the socket when a response takes more than `maxBytes` as they come over the wire. undici counts what a body holds
 * and how long a header is; extensions of chunks and interim responses (`103`) pass all of its limits.
 */
export function limitResponses(socket: Socket, maxBytes: number): Socket {
  const read: (size?: number) => unknown = socket.read.bind(socket);
  let writtenBytes = 0;
  let readBefore = 0;
  let readBytes = 0;

  // undici reads nowhere else. A listener of our own for what arrives would be in its way.
  socket.read = (size?: number): unknown => {
    if (socket.bytesWritten !== writtenBytes) {
      // A further request has been sent, and with one call at a time all that was read until then was for earlier ones.
      writtenBytes = socket.bytesWritten;
      readBefore = readBytes;
    }
    readBytes = socket.bytesRead;
    if (readBytes - readBefore <= maxBytes) return read(size);
    socket.destroy(new ResponseBytesError(`A response took more than ${maxBytes} bytes`));
    return null;
  };
  return socket;
}
