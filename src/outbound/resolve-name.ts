import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';

/** Every address of a name; empty or rejected when there is none. */
export type ResolveName = (hostname: string) => Promise<string[]>;

/** For tests; the program takes what the system says. */
type Options = {
  /** The DNS servers to ask, `address:port`, instead of the system's. */
  servers?: string[];
  hostsFile?: string;
  /** For the first question; a second one waits longer. */
  tryMs?: number;
};

/**
 * Reads the hosts file and asks the DNS servers itself rather than through the system: a system lookup holds one of the
 * four threads that Node has for lookups and files while it waits, so a handful of names whose servers never answer
 * would stop everybody's.
 */
export function createNameResolver(options: Options = {}): ResolveName {
  const underWay = new Map<string, Promise<string[]>>();

  return function resolveName(hostname) {
    const name = hostname.toLowerCase().replace(/\.$/, '');
    const shared = underWay.get(name);
    if (shared) return shared;
    const resolving = resolve(name, options).finally(() => underWay.delete(name));
    underWay.set(name, resolving);
    return resolving;
  };
}

async function resolve(name: string, { servers, hostsFile = '/etc/hosts', tryMs = 1500 }: Options): Promise<string[]> {
  // RFC 6761: never asked of anybody.
  if (name === 'localhost' || name.endsWith('.localhost')) return ['127.0.0.1', '::1'];
  const listed = await readHostsFile(hostsFile, name);
  if (listed.length > 0) return listed;
  // A new one per name reads the system's list of servers anew.
  const resolver = new Resolver({ timeout: tryMs, tries: 2 });
  if (servers) resolver.setServers(servers);
  const answers = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)]);
  const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const failure = answers.find((answer) => answer.status === 'rejected');
  if (addresses.length === 0 && failure) throw new Error(`No address for ${name}`, { cause: failure.reason });
  return addresses;
}

async function readHostsFile(path: string, name: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim().split(/\s+/));
  return lines.flatMap(([address = '', ...names]) =>
    names.some((each) => each.toLowerCase() === name) ? [address] : [],
  );
}
