import { findOutboundPortProblem, findUrlProblem } from '../domain/web-url.ts';
import { createAddressRules, type AddressRules } from './address-rules.ts';
import { literalAddressOf } from './settings-check.ts';

const PUBLIC = createAddressRules({ allowCidrs: [] });

/**
 * What makes a URL unusable for fetching an advertiser's export; null when nothing does. Names are not looked up: what they
 * lead to may change at any time and is judged when the export is fetched.
 */
export function findPullUrlProblem(url: string, addressRules: AddressRules): string | null {
  const problem = findUrlProblem(url) ?? findOutboundPortProblem(url);
  if (problem !== null) return problem;
  const { hostname, protocol } = new URL(url);
  const address = literalAddressOf(hostname);
  if (address !== undefined && !addressRules.isAllowed(address)) {
    return 'the host is not an address on the public internet';
  }
  // Within the operator's own network nobody else reads along.
  const isOwnNetwork = address !== undefined && !PUBLIC.isAllowed(address);
  if (protocol === 'https:' || isOwnNetwork) return null;
  return 'the URL must start with https://, so that nobody reads the file and the headers on the way';
}
