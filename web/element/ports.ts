/** The ports of mail, chosen unless told otherwise. */
export const STANDARD_PORTS = ["25", "465", "587"];

/** Ports in a text, comma separated; those of a list, too. */
export function listed(ports: string | readonly (string | number)[]): string[] {
  return String(ports).split(",").map((port) => port.trim()).filter(Boolean);
}
