import type { Config } from '../../config.ts';
import type { Demo } from './prepare-demo.ts';

export type BannerFacts = {
  publicUrl: string;
  opsUrl: string;
  receiverUrl: string;
  config: Config;
  demo: Demo | null;
};

/** What a person wants to know after `npm start`: where everything is, the keys, and how to see it work. */
export function bannerFor({ publicUrl, opsUrl, receiverUrl, config, demo }: BannerFacts): string {
  const places = [
    ['Offer wall', demo ? `${publicUrl}/${demo.partnerId}/?ref_id=my-click-1` : `${publicUrl}/`],
    ['Console', `${publicUrl}/console  (for partners: sign in with the demo partner key)`],
    ['Ops console', `${opsUrl}/ops  (for you: sign in with the admin key)`],
    ['Admin API', `${opsUrl}/v1/admin  (described at ${opsUrl}/v1/admin/openapi.json)`],
    ['Temporal Web UI', config.temporal.uiUrl ?? 'given elsewhere'],
    ['Demo receiver', `${receiverUrl}  (shows the postbacks that the demo partner gets)`],
    ['Admin key', config.ops.adminApiKey],
    ...(demo
      ? [
          ['Demo partner key', demo.partnerKey],
          ['Demo bank token', demo.advertiserToken],
        ]
      : []),
  ];
  const loopback = 'Postbacks may go to this machine itself (POSTBACK_ALLOW_CIDRS); production does not allow that.';
  return [
    '',
    'Cashcat Postbacks is ready.',
    '',
    ...places.map(([name, place]) => `  ${(name ?? '').padEnd(17)} ${place}`),
    '',
    `  ${loopback}`,
    ...(demo
      ? [
          '',
          'A click, its approval, and what became of it - paste these three lines:',
          '',
          ...curlLines(publicUrl, opsUrl, config, demo),
        ]
      : []),
    '',
    'Ctrl-C stops everything; the data stays.',
    '',
  ].join('\n');
}

function curlLines(publicUrl: string, opsUrl: string, { ops }: Config, demo: Demo): string[] {
  const click = `${publicUrl}/${demo.partnerId}/?ref_id=my-click-1&offer_id=${demo.offerId}`;
  const status = `${publicUrl}/advertisers/${demo.advertiserId}/postback?conversion_id=$CONVERSION&status=approved&token=${demo.advertiserToken}`;
  return [
    `CONVERSION=$(curl -s -o /dev/null -w '%{redirect_url}' '${click}' | sed 's/.*conversion_id=//'); echo $CONVERSION`,
    `curl -s "${status}"; echo`,
    `curl -s -H 'Authorization: Bearer ${ops.adminApiKey}' "${opsUrl}/v1/admin/conversions/$CONVERSION?wait=5"`,
  ];
}
