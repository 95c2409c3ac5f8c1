/** A report's dates, written as its language has them. The renderer marks each as `time`, and writes it as RFC 3339 does. */

/** The language by which Intl writes dates: English has them here as ISO 8601 does, and so has Swedish. */
export function datesIn(language: string): string {
  return language === "en" ? "sv" : language;
}

/** Writes each date and each moment in what is shown; what is none stays as it is. `language` is one that the element speaks. */
export function writeDates(shown: Element, language: string): void {
  const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(datesIn(language), { ...options, timeZone: "UTC" });
  const day = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  const [date, moment] = [format(day), format({ ...day, hour: "2-digit", minute: "2-digit", second: "2-digit" })];
  for (const time of shown.querySelectorAll("time")) {
    const [, from, of] = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d:\d\dZ)?$/.exec(time.dateTime) ?? [];
    const at = new Date(from ? time.dateTime : NaN);
    // The thirty-first of February would be written as another day.
    if (Number.isNaN(at.getTime()) || !from || !at.toISOString().startsWith(from)) continue;
    time.textContent = of ? `${moment.format(at)} UTC` : date.format(at);
  }
}
