/** What the element's events say: their details. */

/** What is to be tested, or was. */
export interface Asking {
  host: string;
  /** None where the test ended before the text was read that may name them. */
  ports: string[];
  /** The relays, where the test goes through several side by side. */
  relays?: string[];
}

/** What a test that goes on says of it. */
export interface Progress extends Asking {
  /** The ports that are done. */
  done: string[];
}

/** What a test that was stopped says of it. */
export interface Stopped {
  /** What was to be tested, as far as it was understood; none where no test was asked for. */
  asked?: Asking;
}

/** What a test that could not be run says of it. */
export interface Failure {
  message: string;
  /** What was to be tested, as far as it was understood; none where that itself is what is wrong, or where no test was asked for. */
  asked?: Asking;
}
