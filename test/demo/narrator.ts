export type Narrator = {
  /** Opens a story; the clock begins at zero. */
  begin(title: string, about: string): void;
  /** Something that happens now, and to whom. */
  tell(who: string, what: string): void;
  /** What somebody can see afterwards. */
  show(who: string, lines: string[]): void;
};

const WHO_WIDTH = 12;

export function createNarrator(): Narrator {
  let startedAt = performance.now();
  const print = (when: string, who: string, what: string) =>
    console.log(`  ${when.padStart(8)}  ${who.padEnd(WHO_WIDTH)} ${what}`);
  return {
    begin(title, about) {
      startedAt = performance.now();
      console.log(`\n${title}\n  ${about}\n`);
    },
    tell(who, what) {
      print(`+${((performance.now() - startedAt) / 1000).toFixed(2)} s`, who, what);
    },
    show(who, lines) {
      console.log();
      for (const [index, line] of lines.entries()) print('', index === 0 ? who : '', line);
    },
  };
}
