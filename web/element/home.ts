/** Where links to the page and to its explanations lead. */

let home: URL | null = null;

/** The page's own script says so of the page: whichever relay is chosen there, or named by a link, is not asked to be trusted. */
export function live(at: URL): void {
  home = at;
}

/** Whether that is known: this is the page itself. */
export function isAtHome(): boolean {
  return home !== null;
}

/** The URL of the page, with a slash at its end; on somebody's site that of the relay that is tested through. */
export function homeOr(relay: () => URL): URL {
  return home ?? relay();
}
