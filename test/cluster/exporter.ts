import { setMaxListeners } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../src/domain/status.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import { startHttpServer } from '../support/local-server.ts';
import { drawFate, drawPauseMs } from './fates.ts';
import { entriesOf, type Journal, type ListedEntry } from './journal.ts';
import type { Random } from './random.ts';

type ExporterOptions = { journal: Journal; random: Random };

export type Exporter = {
  url: string;
  /** Will list what becomes of this conversion, or nothing. */
  hearOf(conversionId: string): void;
  /** Lists the rest without waiting any longer, and from now on its server never fails. */
  finish(): Promise<void>;
  close(): Promise<void>;
};

type Mood = { share: number; how: 'whole' | 'slow' | 'broken off' | 'failing' };

const MOODS: Mood[] = [
  { share: 0.79, how: 'whole' },
  { share: 0.09, how: 'slow' },
  // After these the pull comes again only when twenty seconds or a minute have passed.
  { share: 0.06, how: 'broken off' },
  { share: 0.06, how: 'failing' },
];
const SLOW_MS = 2000;

/**
 * An advertiser that tells nobody: who asks for its export gets the latest status of every conversion so far. How often it
 * has changed is the version of the export, which it is known by as its `ETag`.
 */
export async function startExporter({ journal, random }: ExporterOptions): Promise<Exporter> {
  const finishing = new AbortController();
  // One for each conversion that waits for its status.
  setMaxListeners(0, finishing.signal);
  const listing = new Set<Promise<void>>();
  const listed: ListedEntry[] = entriesOf(journal, 'listed');
  const { origin, close } = await startHttpServer((request, response) => {
    response.on('error', () => undefined);
    void serve(response, request.headers['if-none-match']);
  });

  return {
    url: `${origin}/export.csv`,
    hearOf(conversionId) {
      const done = list(conversionId, drawFate(random)).finally(() => listing.delete(done));
      listing.add(done);
    },
    async finish() {
      finishing.abort();
      await Promise.all(listing);
    },
    close,
  };

  async function list(conversionId: string, fate: Status[]): Promise<void> {
    for (const status of fate) {
      await pauseUnlessAborted(drawPauseMs(random), finishing.signal);
      const entry: ListedEntry = { type: 'listed', conversionId, status };
      listed.push(entry);
      journal.add(entry);
    }
  }

  async function serve(response: ServerResponse, knownTag: string | undefined): Promise<void> {
    const version = listed.length;
    const tag = `"${version}"`;
    const how = finishing.signal.aborted ? 'whole' : pickMood(random);
    journal.add({ type: 'served', version, how: knownTag === tag ? 'unchanged' : how });
    if (how === 'failing') return void response.writeHead(500).end();
    if (knownTag === tag) return void response.writeHead(304).end();
    const text = writeExport(listed);
    response.writeHead(200, { 'content-type': 'text/csv', 'content-length': Buffer.byteLength(text), etag: tag });
    if (how === 'whole') return void response.end(text);
    response.write(text.slice(0, text.length / 2));
    await delay(SLOW_MS);
    if (how === 'broken off') response.destroy();
    else response.end(text.slice(text.length / 2));
  }
}

/** The latest status of each conversion, in the order in which they were named first. */
export function latestOf(listed: readonly ListedEntry[]): Map<string, Status> {
  return new Map(listed.map(({ conversionId, status }) => [conversionId, status]));
}

function writeExport(listed: readonly ListedEntry[]): string {
  const rows = [...latestOf(listed)].map(([conversionId, status]) => `${conversionId},${status}`);
  return `${['conversion_id,status', ...rows].join('\n')}\n`;
}

function pickMood(random: Random): Mood['how'] {
  let left = random.next();
  return MOODS.find(({ share }) => (left -= share) < 0)?.how ?? 'whole';
}
