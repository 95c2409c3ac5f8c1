/**
 * A report's dates and numbers, written as its language has them. The renderer marks each date and moment as `time`, written as
 * RFC 3339 has it, and each number that counts or measures something as `data`; what it quotes it leaves as it is.
 */

/** The language by which Intl writes dates: English has them here as ISO 8601 does, and so has Swedish. */
export function datesIn(language: string): string {
  return language === "en" ? "sv" : language;
}

/** How Intl writes numbers, with so many digits after the decimal sign; thousands are set apart where there are ten and more. */
export function numbersIn(language: string, digits = 0): Intl.NumberFormat {
  return new Intl.NumberFormat(language, { useGrouping: "min2", minimumFractionDigits: digits, maximumFractionDigits: digits });
}

/** Writes each date, moment and number in what is shown; what is none stays as it is. `language` is one that the element speaks. */
export function writeDatesAndNumbers(shown: Element, language: string): void {
  writeDates(shown, language);
  writeNumbers(shown, language);
}

function writeDates(shown: Element, language: string): void {
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

function writeNumbers(shown: Element, language: string): void {
  const formats = [0, 1, 2, 3].map((digits) => numbersIn(language, digits));
  for (const data of shown.querySelectorAll("data")) {
    const [, whole, fraction = ""] = /^(\d{1,20})(?:\.(\d{1,3}))?$/.exec(data.value) ?? [];
    const format = whole && formats[fraction.length];
    // Sizes have more digits than a number of JavaScript keeps.
    if (format) data.textContent = format.format(fraction ? Number(data.value) : BigInt(whole));
  }
}
