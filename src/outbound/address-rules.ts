import { isIPv4 } from 'node:net';
import { canonicalise, listOf, parseCidr } from '../subnets.ts';

export type AddressRules = {
  /** False for whatever is not clearly an address on the public internet or one the operator allows. */
  isAllowed(address: string): boolean;
};

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
