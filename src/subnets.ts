import { BlockList, isIPv4, isIPv6 } from 'node:net';

type Family = 'ipv4' | 'ipv6';
export type Subnet = { address: string; prefix: number; family: Family };

/** One spelling per address, and an IPv4 address mapped into IPv6 as the IPv4 address it is; null when it is none. */
export function canonicalise(address: string): string | null {
  if (isIPv4(address)) return address;
  // A zone ("fe80::1%eth0") passes isIPv6 but means nothing outside of this machine.
  if (!isIPv6(address) || address.includes('%')) return null;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (!mapped) return short;
  const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The network that an address lies in, which names no single caller: /24, of IPv6 /48; null when it is no address. */
export function networkOf(address: string | undefined): string | null {
  const canonical = canonicalise(address ?? '');
  if (canonical === null) return null;
  return isIPv4(canonical) ? canonical.replace(/\d+$/, '0/24') : `${firstGroups(canonical, 3)}::/48`;
}

/** What a household calls from: one IPv4 address, or the half that all of its IPv6 addresses share; null when it is none. */
export function householdOf(address: string): string | null {
  const canonical = canonicalise(address);
  return canonical === null || isIPv4(canonical) ? canonical : firstGroups(canonical, 4);
}

/** Of an IPv6 address in its one spelling. */
function firstGroups(canonical: string, count: number): string {
  const [left = [], right = []] = canonical.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - left.length - right.length).fill('0');
  return [...left, ...zeros, ...right].slice(0, count).join(':');
}

export function listOf(subnets: Subnet[]): BlockList {
  const list = new BlockList();
  for (const { address, prefix, family } of subnets) list.addSubnet(address, prefix, family);
  return list;
}

/** @throws Error when it cannot be read */
export function parseCidr(cidr: string): Subnet {
  const [address = '', prefixText = '', ...rest] = cidr.trim().split('/');
  const family: Family = isIPv4(address) ? 'ipv4' : 'ipv6';
  const longest = family === 'ipv4' ? 32 : 128;
  const prefix = cidr.includes('/') ? Number(prefixText) : longest;
  const canonical = canonicalise(address);
  const hasPrefix = !cidr.includes('/') || (/^\d{1,3}$/.test(prefixText) && prefix <= longest);
  if (canonical === null || !hasPrefix || rest.length > 0) {
    throw new Error(`"${cidr}" is not a CIDR: write it like 10.1.0.0/16, 192.0.2.7 or fd00::/8`);
  }
  if (family === 'ipv6' && isIPv4(canonical)) throw new Error(`"${cidr}" is IPv4 within IPv6: write it as IPv4`);
  return { address, prefix, family };
}
