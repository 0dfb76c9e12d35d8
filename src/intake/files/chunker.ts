import type { NewChunk } from '../../db/imports/receiving.ts';
import type { FileRow } from '../../domain/imports/row.ts';

export type Chunker = {
  add(rows: readonly FileRow[]): Promise<void>;
  /** Stores what has not been stored yet. */
  flush(): Promise<void>;
  /** How many rows it has been given. */
  count(): number;
};

// A chunk is booked in one transaction, whose locks clicks on the same leads wait for.
const ROWS_PER_CHUNK = 256;
const MAX_CHUNK_LENGTH = 128 * 1024;
const CHUNKS_AT_ONCE = 4;

/** Gathers rows into chunks and stores some of them at a time, so that few rows are in memory. */
export function createChunker(store: (chunks: NewChunk[]) => Promise<void>): Chunker {
  let rows: string[] = [];
  let length = 0;
  let count = 0;
  let chunk = 0;
  let ready: NewChunk[] = [];

  return {
    async add(given) {
      for (const row of given) {
        const text = JSON.stringify(row);
        if (rows.length === ROWS_PER_CHUNK || length + text.length > MAX_CHUNK_LENGTH) close();
        rows.push(text);
        length += text.length;
        count++;
        if (ready.length === CHUNKS_AT_ONCE) await storeReady();
      }
    },
    async flush() {
      close();
      await storeReady();
    },
    count: () => count,
  };

  function close(): void {
    if (rows.length === 0) return;
    ready.push({ chunk: chunk++, firstRow: count - rows.length + 1, fileRows: `[${rows.join(',')}]` });
    rows = [];
    length = 0;
  }

  async function storeReady(): Promise<void> {
    const stored = ready;
    ready = [];
    if (stored.length > 0) await store(stored);
  }
}
