// React 19 sets the properties of an element, and listens to events by their own names. In Docusaurus this file goes into
// src/components, and a page in MDX uses it so:
//
//   import HeloScope from "@site/src/components/HeloScope";
//
//   <HeloScope host="mx1.example.com" ports="25" />

import "heloscope/register";

export default function HeloScope({ relay = "https://relay.example.org", onFinished, ...attributes }) {
  return (
    <helo-scope relay={relay} {...attributes} onheloscope-finished={(event) => onFinished?.(event.detail)}>
      <noscript>The test of the mail server needs JavaScript.</noscript>
    </helo-scope>
  );
}
