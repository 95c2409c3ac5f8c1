/**
 * The one way by which markup gets into the page: what the test rendered, checked before it is shown.
 *
 * The renderer escapes whatever a server sent. Should it ever fail to, this is the second lock: only the tags and
 * attributes that the renderer writes get through, and none of them can run or load anything.
 */

const TAGS =
  "article|b|br|caption|code|data|dd|details|div|dl|dt|h2|h3|h4|header|li|ol|p|path|pre|rect|section|span|strong|summary|svg|table|tbody|td|th|thead|time|tr|ul";
const ATTRIBUTES =
  "aria-hidden|aria-label|class|colspan|d|data-id|data-port|data-state|datetime|fill|fill-rule|height|open|part|preserveAspectRatio|role|scope|tabindex|value|viewBox|width|x|y";
const ALLOWED = new RegExp(`</?(?:${TAGS})(?: (?:${ATTRIBUTES})="[^"<>]*")*>`, "g");

interface Policy {
  createHTML(html: string): unknown;
}
interface PolicyFactory {
  createPolicy(name: string, rules: { createHTML(html: string): string }): Policy;
}

let policy: Policy | undefined;

/** Shows rendered markup in place of what the element held. Throws a TypeError where the site's policy forbids it. */
export function show(target: Element, html: string): void {
  policy ??= create();
  target.innerHTML = policy.createHTML(html) as string;
}

function create(): Policy {
  const factory = (globalThis as { trustedTypes?: PolicyFactory }).trustedTypes;
  return factory ? factory.createPolicy("heloscope", { createHTML: checked }) : { createHTML: checked };
}

/** The markup itself, or a TypeError where it holds a tag or an attribute that the renderer does not write. */
export function checked(html: string): string {
  if (html.replace(ALLOWED, "").includes("<")) throw new TypeError("not the markup of a report");
  return html;
}
