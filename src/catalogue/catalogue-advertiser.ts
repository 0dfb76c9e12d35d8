import { isIPv4 } from 'node:net';
import type { KnownAdvertiser } from '../db/catalogue.ts';
import type { Log } from '../log.ts';
import { canonicalise, listOf, parseCidr } from '../subnets.ts';

/** An advertiser as its calls meet it. */
export type CatalogueAdvertiser = KnownAdvertiser & {
  /** Whether a call may come from this address; an IPv4 address within IPv6 counts as the IPv4 address it is. */
  allowsAddress: (address: string | undefined) => boolean;
};

/** One list of addresses that cannot be read any more lets nobody in, and must not keep all others from being refreshed. */
export function prepareAdvertisers(
  advertisers: readonly KnownAdvertiser[],
  log: Pick<Log, 'warn'> | undefined,
): CatalogueAdvertiser[] {
  return advertisers.map((advertiser) => {
    const { advertiserId, proofs } = advertiser;
    if (proofs.addresses === null) return { ...advertiser, allowsAddress: () => true };
    try {
      return { ...advertiser, allowsAddress: allowOnly(proofs.addresses) };
    } catch (err) {
      log?.warn({ err, advertiserId }, 'The addresses of an advertiser cannot be read; its calls are refused.');
      return { ...advertiser, allowsAddress: () => false };
    }
  });
}

function allowOnly(cidrs: string[]): CatalogueAdvertiser['allowsAddress'] {
  const subnets = cidrs.map(parseCidr);
  // One list per family: a list holding both would also compare an address with rules of the other family.
  const [ipv4, ipv6] = (['ipv4', 'ipv6'] as const).map((family) =>
    listOf(subnets.filter((subnet) => subnet.family === family)),
  );
  return (given) => {
    const address = given === undefined ? null : canonicalise(given);
    if (address === null) return false;
    return isIPv4(address) ? ipv4?.check(address, 'ipv4') === true : ipv6?.check(address, 'ipv6') === true;
  };
}
