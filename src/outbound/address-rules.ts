import { BlockList, isIPv4, isIPv6 } from 'node:net';

export type AddressRules = {
  /** False for whatever is not clearly an address on the public internet or one the operator allows. */
  isAllowed(address: string): boolean;
};

type Family = 'ipv4' | 'ipv6';
export type Subnet = { address: string; prefix: number; family: Family };

// IANA's special-purpose registries. 192.88.99.0/24 is the retired 6to4 relay, 168.63.129.16 Azure's platform address.
const FORBIDDEN_IPV4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

// The only block given out for the public internet; loopback, link-local, private, NAT64 and multicast all lie outside.
const GLOBAL_IPV6 = ['2000::/3'];
// Teredo and other protocol blocks, documentation, 6to4 (which carries an IPv4 address), documentation, AS112.
const FORBIDDEN_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20', '2620:4f:8000::/48'];

/**
 * Judges addresses that somebody else chose.
 *
 * @param allowCidrs what the operator allows besides the public internet, such as `10.1.0.0/16` or `::1/128`
 * @throws Error naming the first CIDR that cannot be read
 */
export function createAddressRules({ allowCidrs }: { allowCidrs: string[] }): AddressRules {
  const allowed = allowCidrs.map(parseCidr);
  // One list per family: a list holding both would also compare an address with rules of the other family.
  const allowed4 = listOf(allowed.filter(({ family }) => family === 'ipv4'));
  const allowed6 = listOf(allowed.filter(({ family }) => family === 'ipv6'));
  const forbidden4 = listOf(FORBIDDEN_IPV4.map(parseCidr));
  const forbidden6 = listOf(FORBIDDEN_IPV6.map(parseCidr));
  const global6 = listOf(GLOBAL_IPV6.map(parseCidr));

  function isAllowed(given: string): boolean {
    const address = canonicalise(given);
    if (address === null) return false;
    if (isIPv4(address)) return allowed4.check(address, 'ipv4') || !forbidden4.check(address, 'ipv4');
    if (allowed6.check(address, 'ipv6')) return true;
    return global6.check(address, 'ipv6') && !forbidden6.check(address, 'ipv6');
  }

  return { isAllowed };
}

/** One spelling per address, and an IPv4 address mapped into IPv6 as the IPv4 address it is; null when it is none. */
function canonicalise(address: string): string | null {
  if (isIPv4(address)) return address;
  // A zone ("fe80::1%eth0") passes isIPv6 but means nothing outside of this machine.
  if (!isIPv6(address) || address.includes('%')) return null;
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(short);
  if (!mapped) return short;
  const [high, low] = [parseInt(mapped[1] ?? '', 16), parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
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
