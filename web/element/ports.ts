/** The ports of mail, chosen unless told otherwise. */
export const STANDARD_PORTS = ["25", "465", "587"];
