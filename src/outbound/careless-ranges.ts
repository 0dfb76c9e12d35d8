import { listOf, parseCidr, type Subnet } from '../subnets.ts';

// What answers there gives out keys and takes orders, and asks for no password: this machine, and what a cloud tells
// its machines about themselves.
const DANGEROUS: Record<string, string[]> = {
  'this machine': ['0.0.0.0/8', '127.0.0.0/8', '::/128', '::1/128', '64:ff9b::7f00:0/104'],
  'link-local addresses': ['169.254.0.0/16', 'fe80::/10', '64:ff9b::a9fe:0/112'],
  'the metadata of a cloud': ['100.100.100.200/32', '168.63.129.16/32', 'fd00:ec2::254/128', 'fd20:ce::254/128'],
};

/** What allowing the ranges would open by the way, in words. An exact address is a decision and never careless. */
export function findCarelessRanges(allowCidrs: string[]): string[] {
  return allowCidrs.flatMap((cidr) => {
    const range = parseCidr(cidr);
    if (range.prefix === (range.family === 'ipv4' ? 32 : 128)) return [];
    const opened = Object.entries(DANGEROUS).filter(([, places]) =>
      places.some((place) => overlap(range, parseCidr(place))),
    );
    return opened.length === 0 ? [] : [`${cidr} would open ${opened.map(([what]) => what).join(' and ')}`];
  });
}

/** Of two ranges that share an address, one holds the other. */
function overlap(one: Subnet, other: Subnet): boolean {
  if (one.family !== other.family) return false;
  return listOf([one]).check(other.address, other.family) || listOf([other]).check(one.address, one.family);
}
