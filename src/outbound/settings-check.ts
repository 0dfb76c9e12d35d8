import { isIP } from 'node:net';
import {
  checkPostbackSettings,
  type PostbackSettings,
  type SettingsProblem,
} from '../domain/postbacks/postback-settings.ts';
import { parseUrlTemplate } from '../domain/url-template.ts';
import type { AddressRules } from './address-rules.ts';

/**
 * Everything that is wrong with settings that are about to be saved. Names are not looked up: what they lead to may
 * change at any time and is judged when a postback is sent.
 */
export function checkSettingsToSave(settings: PostbackSettings, addressRules: AddressRules): SettingsProblem[] {
  const problems = checkPostbackSettings(settings);
  if (problems.length > 0) return problems;
  const urls = [['url', settings.url] as const, ...Object.entries(settings.status_urls)];
  return urls.flatMap(([name, url]) => {
    const field = name === 'url' ? name : `status_urls.${name}`;
    const address = literalAddressOf(parseUrlTemplate(url).hostname);
    if (address === undefined || addressRules.isAllowed(address)) return [];
    return [{ field, message: 'the host is not an address on the public internet' }];
  });
}

/** The address that the host of a URL names without any look-up: the parser has turned every spelling into the usual one. */
export function literalAddressOf(hostname: string): string | undefined {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  if (isIP(host) !== 0) return host;
  return host === 'localhost' || host.endsWith('.localhost') ? '127.0.0.1' : undefined;
}
