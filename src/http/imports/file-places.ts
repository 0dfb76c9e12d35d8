import { AppError } from '../../errors.ts';

/** Whose file it is. */
export type FileSender = {
  advertiserId: string;
  /** Where it comes from, as long as nothing but the file's own signature shows that it is its advertiser's; else null. */
  stranger: string | null;
};

export type FilePlaces = {
  /** Has a place for a file. @returns gives it back. @throws AppError `too_many` */
  take(sender: FileSender): () => void;
};

// Each holds some chunks in memory and a connection now and then.
const FILES_AT_ONCE = 4;
const FILES_OF_ONE_ADVERTISER = 2;
// A signature is judged when the last byte has come, and anybody may send bytes slowly.
const FILES_OF_STRANGERS = 2;
const FILES_OF_ONE_STRANGER = 1;

/**
 * How many files come in at once in this process, so that memory stays flat. Neither one advertiser nor strangers in its name
 * can take all places; what a stranger holds is not counted to the advertiser that it names.
 */
export function createFilePlaces(): FilePlaces {
  const taken = new Set<FileSender>();
  const count = (isLike: (sender: FileSender) => boolean) => [...taken].filter(isLike).length;

  return {
    take(sender) {
      refuse(sender);
      const place = { ...sender };
      taken.add(place);
      return () => void taken.delete(place);
    },
  };

  function refuse({ advertiserId, stranger }: FileSender): void {
    if (taken.size >= FILES_AT_ONCE) throw tooMany('Too many files are coming in');
    if (stranger === null) {
      const own = count((other) => other.stranger === null && other.advertiserId === advertiserId);
      if (own >= FILES_OF_ONE_ADVERTISER) throw tooMany(`${own} files of advertiser ${advertiserId} are coming in`);
      return;
    }
    if (
      count((other) => other.stranger !== null) >= FILES_OF_STRANGERS ||
      count((other) => other.stranger === stranger) >= FILES_OF_ONE_STRANGER
    ) {
      throw tooMany('Other files that are proven by nothing but their signature are coming in');
    }
  }
}

function tooMany(what: string): AppError {
  return new AppError('too_many', `${what}; send it again shortly.`);
}
