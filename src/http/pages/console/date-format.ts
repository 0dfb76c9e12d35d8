const made = new Map<string, Intl.DateTimeFormat>();

/** A format of dates, made once: to make one takes as long as to use it a hundred times. There are only so many zones. */
export function dateFormat(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  const known = made.get(key);
  if (known) return known;
  const format = new Intl.DateTimeFormat(locale, options);
  made.set(key, format);
  return format;
}
