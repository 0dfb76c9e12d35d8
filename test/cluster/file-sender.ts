import { setTimeout as delay } from 'node:timers/promises';
import type { Status } from '../../src/domain/status.ts';
import { pauseUnlessAborted } from '../../src/pause.ts';
import type { Callers } from './callers.ts';
import type { FileRow, Journal } from './journal.ts';
import type { TrialNetwork } from './network.ts';

type FileSenderOptions = { callers: Callers; network: TrialNetwork; journal: Journal };

export type FileSender = {
  /** All of a conversion's statuses go into one file, in their order, because files may be imported side by side. */
  add(conversionId: string, statuses: Status[]): void;
  /** Sends what is left, and resolves when all files are answered. */
  finish(): Promise<void>;
};

type File = { text: string; rows: number; known: FileRow[] };

const PAUSE_MS = 8000;
const REPEAT_MS = 400;
// A file is booked 256 rows at a time: so it takes some transactions, between which something may be killed.
const STRANGERS_AFTER_EACH = 60;

/** Sends a file of what has gathered every few seconds, the same one until it is answered. */
export function startFileSender({ callers, network, journal }: FileSenderOptions): FileSender {
  const finishing = new AbortController();
  let gathered: { conversionId: string; status: Status }[] = [];
  const sending = sendAgainAndAgain();

  return {
    add(conversionId, statuses) {
      gathered.push(...statuses.map((status) => ({ conversionId, status })));
    },
    async finish() {
      finishing.abort();
      await sending;
      await sendGathered();
    },
  };

  async function sendAgainAndAgain(): Promise<void> {
    while (!finishing.signal.aborted) {
      await pauseUnlessAborted(PAUSE_MS, finishing.signal);
      await sendGathered();
    }
  }

  async function sendGathered(): Promise<void> {
    if (gathered.length === 0) return;
    const { text, rows, known } = writeFile(gathered);
    gathered = [];
    const headers = { authorization: `Bearer ${network.token}`, 'content-type': 'text/csv' };
    for (;;) {
      const answer = await callers.post(`/advertisers/${network.callerId}/imports`, headers, text);
      if (answer?.status === 202) {
        const { import_id: importId } = JSON.parse(answer.body) as { import_id: string };
        return journal.add({ type: 'file', importId, rows, known });
      }
      if (answer !== undefined && answer.status !== 503) {
        const what = `a file was answered with ${answer.status}: ${answer.body.slice(0, 200)}`;
        return journal.add({ type: 'odd', what });
      }
      await delay(REPEAT_MS);
    }
  }
}

/** Each row is followed by some of conversions that nobody knows. */
function writeFile(statuses: { conversionId: string; status: Status }[]): File {
  const lines = ['conversion_id,status'];
  const known: FileRow[] = [];
  for (const { conversionId, status } of statuses) {
    lines.push(`${conversionId},${status}`);
    known.push({ row: lines.length - 1, conversionId, status });
    for (let stranger = 1; stranger <= STRANGERS_AFTER_EACH; stranger++) {
      lines.push(`stranger-${conversionId}-${stranger},approved`);
    }
  }
  return { text: `${lines.join('\n')}\n`, rows: lines.length - 1, known };
}
