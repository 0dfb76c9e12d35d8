// Named crawlers, link previewers and monitors, and words that only crawlers use for themselves. When in doubt it is a
// person: a touch that is lost costs a partner his reward, a bot too many costs nothing. So HTTP tools (trackers check
// their links with them) and headless browsers are not listed. "bot" counts only at the end of a word, and not in
// "Cubot", which makes phones.
const BOT = new RegExp(
  [
    '(?<![a-z])(?!cubot)[\\w.-]*bot(?![a-z])',
    '[\\w.-]*(?:crawler|spider)(?![a-z])',
    'adsbot-google(?:-mobile)?|apis-google|feedfetcher-google|google-(?:inspectiontool|read-aloud|safety)|googleother',
    'mediapartners-google|google web preview|storebot-google',
    'bingpreview|yahoo! slurp|duckduckgo-favicons-bot|yandex[a-z]+',
    'facebookexternalhit|facebookcatalog|facebot|meta-external[a-z]+',
    'whatsapp(?=/[\\d.]+(?: [aniw]|$))|skypeuripreview|vkshare|viber(?=/[\\d.]+$)|snap url preview service',
    'slack-imgproxy|slackbot-linkexpanding|embedly|outbrain|flipboardproxy|tumblr(?=/)|bitlybot|iframely|quora link preview',
    'google-pagerenderer|ia_archiver|archive\\.org_bot|chatgpt-user|claude-(?:web|user)|perplexity-user|cohere-ai|bytespider',
    'uptimerobot|pingdom|statuscake|site24x7|newrelicpinger|datadogsynthetics|lighthouse|gtmetrix|w3c_validator|nutch',
  ].join('|'),
  'i',
);

// Far longer than any bot's; an endless one must not cost time.
const LONGEST_USER_AGENT = 512;

/** The name by which a known bot calls itself; undefined for everyone else. */
export function knownBot(userAgent: string | undefined): string | undefined {
  return userAgent === undefined ? undefined : BOT.exec(userAgent.slice(0, LONGEST_USER_AGENT))?.[0].toLowerCase();
}
