// React 19 sets the properties of an element, and listens to events by their own names. In Docusaurus this file goes into
// src/components; a page in MDX that uses it is ../docusaurus/docs/mail-servers.mdx.

import "heloscope/register";

export default function HeloScope({ relay = "https://relay.example.org", onFinished, ...attributes }) {
  return (
    <helo-scope relay={relay} {...attributes} onheloscope-finished={(event) => onFinished?.(event.detail)}>
      <noscript>The test of the mail server needs JavaScript.</noscript>
    </helo-scope>
  );
}
