// Named crawlers, link previewers and monitors, and words that only crawlers use for themselves. When in doubt it is a
// person: a touch that is lost costs a partner its reward, a bot too many costs nothing. So HTTP tools (trackers check
// their links with them) and headless browsers are not listed. "bot" counts only at the end of a word, and not in
// "Cubot", which makes phones. Every alternative begins with a letter that must be there, which keeps the search fast.
const MARKS = [
  '(?<!cu)bot(?![a-z])|crawler(?![a-z])|spider(?![a-z])',
  'apis-google|adsbot-google|mediapartners-google|feedfetcher-google|storebot-google|google-inspectiontool',
  'google-read-aloud|google-safety|google-pagerenderer|googleother|google web preview',
  'bingpreview|yahoo! slurp|yandex(?:images|metrika|favicons|media|blogs|direct|accessibility|renderresources)',
  'facebookexternalhit|facebookcatalog|meta-externalagent|meta-externalfetcher|skypeuripreview|vkshare',
  // Their apps for people name themselves too, but within a browser's user agent.
  '^whatsapp(?=/)|^viber(?=/)|^tumblr(?=/)|snap url preview service',
  'slack-imgproxy|embedly|flipboardproxy|iframely|quora link preview|ia_archiver',
  'chatgpt-user|claude-user|claude-web|perplexity-user|cohere-ai|bytespider',
  'pingdom|statuscake|site24x7|newrelicpinger|datadogsynthetics|chrome-lighthouse|gtmetrix|w3c_validator|nutch',
];
const BOT = new RegExp(MARKS.join('|'), 'i');

// Far longer than any bot's; an endless one must not cost time.
const LONGEST_USER_AGENT = 512;

/** The name by which a known bot calls itself, such as `googlebot`; undefined for everyone else. */
export function knownBot(userAgent: string | undefined): string | undefined {
  if (userAgent === undefined) return undefined;
  const looked = userAgent.slice(0, LONGEST_USER_AGENT);
  const mark = BOT.exec(looked);
  if (mark === null) return undefined;
  const [wordBefore = ''] = /[\w.-]*$/.exec(looked.slice(0, mark.index)) ?? [];
  return (wordBefore + mark[0]).toLowerCase();
}
