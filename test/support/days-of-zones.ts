/** Days, their time zones, and the moments at which they begin there. */
export const daysOfZones = [
  ['2026-11-26', 'UTC', '2026-11-26T00:00:00.000Z'],
  ['2026-11-26', 'Europe/Berlin', '2026-11-25T23:00:00.000Z'],
  ['2026-11-26', 'America/Los_Angeles', '2026-11-26T08:00:00.000Z'],
  ['2026-11-26', 'Asia/Kolkata', '2026-11-25T18:30:00.000Z'],
  ['2026-11-26', 'Pacific/Kiritimati', '2026-11-25T10:00:00.000Z'],
  // The clocks change on these days, and on the days before the next three.
  ['2026-03-29', 'Europe/Berlin', '2026-03-28T23:00:00.000Z'],
  ['2026-10-25', 'Europe/Berlin', '2026-10-24T22:00:00.000Z'],
  ['2026-04-05', 'Australia/Lord_Howe', '2026-04-04T13:00:00.000Z'],
  ['2026-10-26', 'Europe/Berlin', '2026-10-25T23:00:00.000Z'],
  ['2026-03-09', 'America/New_York', '2026-03-09T04:00:00.000Z'],
  ['2026-04-06', 'Australia/Lord_Howe', '2026-04-05T13:30:00.000Z'],
  // They have no midnight.
  ['2026-03-08', 'America/Havana', '2026-03-08T05:00:00.000Z'],
  ['2026-03-29', 'Asia/Beirut', '2026-03-28T22:00:00.000Z'],
  ['2017-10-15', 'America/Sao_Paulo', '2017-10-15T03:00:00.000Z'],
  // They have two.
  ['2026-11-01', 'America/Havana', '2026-11-01T04:00:00.000Z'],
  ['2026-10-25', 'Atlantic/Azores', '2026-10-25T00:00:00.000Z'],
  ['2021-10-29', 'Asia/Amman', '2021-10-28T21:00:00.000Z'],
  // At midnight the last hour of the day before begins once more.
  ['2026-10-25', 'Asia/Beirut', '2026-10-24T22:00:00.000Z'],
  ['2017-02-19', 'America/Sao_Paulo', '2017-02-19T03:00:00.000Z'],
] as const;

/** A day that a time zone does not have, and the moment at which the next one begins instead. */
export const dayLeftOut = ['2011-12-30', 'Pacific/Apia', '2011-12-30T10:00:00.000Z'] as const;
