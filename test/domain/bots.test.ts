import assert from 'node:assert/strict';
import { knownBot } from '../../src/domain/bots.ts';

const BOTS: Record<string, string> = {
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)': 'googlebot',
  'Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X) AppleWebKit/537.36 Chrome/125.0 Mobile Safari/537.36 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)':
    'googlebot',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)': 'bingbot',
  'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)': 'yandexbot',
  'Mozilla/5.0 (compatible; YandexImages/3.0; +http://yandex.com/bots)': 'yandeximages',
  'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)': 'facebookexternalhit',
  'Twitterbot/1.0': 'twitterbot',
  'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)': 'slackbot',
  'WhatsApp/2.23.20.0 A': 'whatsapp',
  'TelegramBot (like TwitterBot)': 'telegrambot',
  'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)': 'linkedinbot',
  'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)': 'discordbot',
  'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)': 'ahrefsbot',
  'Mozilla/5.0 (compatible; SemrushBot/7~bl; +http://www.semrush.com/bot.html)': 'semrushbot',
  'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)': 'gptbot',
  'Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Safari/605.1.15 (Applebot/0.1)': 'applebot',
  'Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)': 'baiduspider',
  'DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)': 'duckduckbot',
  'Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)': 'petalbot',
  'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)': 'uptimerobot',
  'Pingdom.com_bot_version_1.4_(http://www.pingdom.com/)': 'pingdom',
  'Mozilla/5.0 (compatible; SomeNewCrawler/1.0)': 'somenewcrawler',
};

const PEOPLE = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1',
  'Mozilla/5.0 (Linux; Android 9; CUBOT_NOTE_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/96.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Linux; Android 10; Cubot) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 YaBrowser/24.1 Yandex Safari/537.36',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/120.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/400.0]',
  'Mozilla/5.0 (Linux; Android 13) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36 Viber/21.0 WhatsApp/2.2',
  'Mozilla/5.0 (Linux; Android 13; Bottle Phone) AppleWebKit/537.36',
  'curl/8.5.0',
  'Wget/1.21',
  'python-requests/2.31',
  'node',
  'undici',
  '',
];

describe('R1: the list of known bots', () => {
  for (const [agent, name] of Object.entries(BOTS)) {
    it(`knows ${name} by ${agent.slice(0, 70)}`, () => assert.equal(knownBot(agent), name));
  }

  for (const agent of PEOPLE) {
    it(`takes "${agent.slice(0, 90)}" for a person`, () => assert.equal(knownBot(agent), undefined));
  }

  it('takes a visitor who says nothing for a person', () => assert.equal(knownBot(undefined), undefined));
});
