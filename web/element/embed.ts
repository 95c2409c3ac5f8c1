/**
 * The element in a frame: `/embed?host=mx1.example.com&ports=25`, with `&compact` and `&autostart` as the element's attributes,
 * and `&lang=de` for its language.
 * Tells the page around it how high it is, `{ heloscope: "height", height: 480 }`, in CSS pixels, whenever that changes.
 */

import "./heloscope.ts";
import type { HeloScopeElement } from "./element.ts";
import { nearest, wordsOf } from "./language.ts";
import { translate } from "./translated.ts";

const element = document.querySelector<HeloScopeElement>("helo-scope");

if (element) {
  const asked = new URLSearchParams(location.search);
  const language = nearest(asked.get("lang") ?? "");
  document.documentElement.lang = language;
  translate(await wordsOf(language));
  for (const name of ["host", "ports", "address"]) {
    const value = asked.get(name);
    if (value) element.setAttribute(name, value);
  }
  element.compact = asked.has("compact");
  if (asked.has("autostart") && element.host) void element.start();
}

if (parent !== window) {
  let told = 0;
  const tell = (): void => {
    const height = Math.ceil(document.body.getBoundingClientRect().height);
    if (height === told) return;
    told = height;
    // Whom the relay does not allow has no frame to hear it from.
    parent.postMessage({ heloscope: "height", height }, "*");
  };
  new ResizeObserver(tell).observe(document.body);
  tell();
}
