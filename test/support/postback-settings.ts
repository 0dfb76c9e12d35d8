import type { PostbackSettings } from '../../src/domain/postbacks/postback-settings.ts';

/** A partner's settings for postbacks: by GET to this URL, for every status, unless told otherwise. */
export function settingsFor(url: string, changes: Partial<PostbackSettings> = {}): PostbackSettings {
  return {
    url,
    method: 'GET',
    body: null,
    statuses: ['pending', 'approved', 'rejected'],
    status_words: {},
    status_urls: {},
    handover: false,
    ...changes,
  };
}
