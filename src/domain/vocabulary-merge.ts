type Texts = Readonly<Record<string, string>>;

/** A vocabulary in an editor, as it was typed: nobody has looked it through yet. Its words are normalised. */
export type EditedVocabulary = { words: Texts; default_status: string | null; parameters: Texts };

/** What an editor showed when it was opened. */
export type OpenedVocabulary = EditedVocabulary & {
  /** The words that had no meaning, with what was suggested for each; '' for nothing. */
  waiting: Texts;
};

/**
 * What becomes of a vocabulary that others may have changed while an editor of it was open. What was touched holds. What
 * stands as it was shown says nothing: there holds what holds now, and what is gone stays gone. A suggestion that was left
 * standing is accepted, as long as nobody has given the word a meaning.
 */
export function mergeVocabulary({
  opened,
  given,
  now,
}: {
  opened: OpenedVocabulary;
  given: EditedVocabulary;
  now: EditedVocabulary;
}): EditedVocabulary {
  const isOvertaken = ([word, meaning]: [string, string]) =>
    ownOf(opened.waiting, word) === meaning && Object.hasOwn(now.words, word);
  const words = Object.fromEntries(Object.entries(given.words).filter((entry) => !isOvertaken(entry)));
  return {
    words: mergeTexts({ opened: opened.words, given: words, now: now.words }),
    default_status: given.default_status === opened.default_status ? now.default_status : given.default_status,
    parameters: mergeTexts({ opened: opened.parameters, given: given.parameters, now: now.parameters }),
  };
}

function mergeTexts({ opened, given, now }: { opened: Texts; given: Texts; now: Texts }): Texts {
  const names = new Set([...Object.keys(now), ...Object.keys(given)]);
  return Object.fromEntries(
    [...names].flatMap((name) => {
      const isTouched = ownOf(given, name) !== ownOf(opened, name);
      const text = ownOf(isTouched ? given : now, name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
}

/** A word may be called like what every object has, such as `constructor`. */
function ownOf(texts: Texts, name: string): string | undefined {
  return Object.hasOwn(texts, name) ? texts[name] : undefined;
}
