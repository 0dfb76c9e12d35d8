import { isIP, type Socket } from 'node:net';
import { buildConnector } from 'undici';
import { inTime } from '../in-time.ts';
import type { AddressRules } from './address-rules.ts';
import type { ResolveName } from './resolve-name.ts';

export type DialTarget = {
  /** An IP address that has been vetted, never a name: nothing after this point resolves again. */
  address: string;
  port: string;
  protocol: string;
  /** The name that the certificate must carry; null when the URL holds an IP address, which it must carry then. */
  servername: string | null;
};
export type Dial = (target: DialTarget) => Promise<Socket>;

export class AddressNotAllowedError extends Error {
  override readonly name = 'AddressNotAllowedError';
}

export class NameNotResolvedError extends Error {
  override readonly name = 'NameNotResolvedError';
}

const ADDRESSES_TRIED = 3;

type Options = { addressRules: AddressRules; timeoutMs: number; resolveName: ResolveName; dial: Dial };

/** Opens sockets for undici, but only to addresses that the rules allow at the moment of dialling. */
export function createGuardedConnect(options: Options): buildConnector.connector {
  return function connect(target, callback) {
    openSocket(target, options).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

/** Dials an address over TCP or TLS, with the certificate checked. */
export function createDial(timeoutMs: number): Dial {
  const connector = buildConnector({
    timeout: timeoutMs,
    // Stated, so that NODE_TLS_REJECT_UNAUTHORIZED in somebody's environment cannot turn it off.
    rejectUnauthorized: true,
    // A resumed session skips the check of the name, and the cache is keyed by name alone, whatever the port.
    maxCachedSessions: 0,
  });
  return ({ address, port, protocol, servername }) =>
    new Promise((resolve, reject) => {
      const target = { hostname: address, host: address, port, protocol, servername: servername ?? '' };
      connector(target, (error, socket) => (error ? reject(error) : resolve(socket)));
    });
}

async function openSocket(target: buildConnector.Options, options: Options): Promise<Socket> {
  const { protocol, port } = target;
  const hostname = target.hostname.replace(/^\[|\]$/g, '');
  const addresses = await findAddresses(hostname, options);
  // One forbidden answer spoils all: a name that leads both outside and inside is no mistake.
  if (!addresses.every((address) => options.addressRules.isAllowed(address))) {
    throw new AddressNotAllowedError('The URL leads to an address that is not allowed');
  }
  // The final dot belongs to the DNS; no certificate carries it.
  const servername = isIP(hostname) ? null : hostname.replace(/\.$/, '');
  return dialFirst(addresses.slice(0, ADDRESSES_TRIED), (address) =>
    options.dial({ address, port, protocol, servername }),
  );
}

async function findAddresses(hostname: string, { resolveName, timeoutMs }: Options): Promise<string[]> {
  if (isIP(hostname)) return [hostname];
  // undici waits for a connection as long as it takes, and a connection under way holds a place among the few.
  const limit = { withinMs: timeoutMs, message: `No answer within ${timeoutMs} ms` };
  const addresses = await inTime(() => resolveName(hostname), limit).catch((cause: unknown) => {
    throw new NameNotResolvedError('The name of the host could not be resolved', { cause });
  });
  if (addresses.length === 0) throw new NameNotResolvedError('The name of the host has no address');
  return addresses;
}

async function dialFirst(addresses: string[], dial: (address: string) => Promise<Socket>): Promise<Socket> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await dial(address);
    } catch (error) {
      failure = error;
      // Whoever answered and failed later, in TLS, is the partner's server: its answer counts.
      if (!(error instanceof Error && 'syscall' in error && error.syscall === 'connect')) break;
    }
  }
  throw failure;
}
