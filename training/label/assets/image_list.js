// SPDX-License-Identifier: Apache-2.0
// The images at the left, in the order that somebody wants.

import { badge } from "./badge.js";
import { byId, element } from "./page.js";

export class ImageList {
  /** @param open called with the name of the image that somebody wants. */
  constructor(open) {
    this.open = open;
    this.images = [];
    this.list = byId("images");
    byId("order").addEventListener("change", () => this.show(this.images, this.current));
  }

  /** The images in the chosen order. */
  get ordered() {
    const images = [...this.images];
    const order = byId("order").value;
    if (order === "todo") images.sort((a, b) => Boolean(a.questions) - Boolean(b.questions));
    if (order === "worst") images.sort((a, b) => (a.worst ?? 2) - (b.worst ?? 2));
    return images;
  }

  /** The name of the image so many places after the current one; the ends stay the ends. */
  neighbour(by) {
    const names = this.ordered.map((image) => image.name);
    return names[Math.max(0, Math.min(names.length - 1, names.indexOf(this.current) + by))];
  }

  show(images, current) {
    this.images = images;
    this.current = current;
    const { list } = this;
    const entries = new Map([...list.children].map((entry) => [entry.dataset.name, entry]));
    const places = this.ordered.map((image) => {
      const entry = entries.get(image.name) || this.entry(image.name);
      const line = entry.querySelector(".line");
      line.replaceChildren(element("span", { textContent: image.name, title: image.name }));
      if (image.worst !== null) line.append(badge(image.worst));
      if (image.questions) {
        line.append(element("span",
          { className: "badge", textContent: image.questions, title: "questions" }));
      }
      entry.toggleAttribute("aria-current", image.name === current);
      return entry;
    });
    const same = list.children.length === places.length
      && places.every((entry, place) => list.children[place] === entry);
    if (!same) list.replaceChildren(...places);
  }

  /** Says which image is shown, and scrolls to it. */
  mark(name) {
    this.show(this.images, name);
    this.list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });
  }

  entry(name) {
    const src = `/api/picture?size=small&image=${encodeURIComponent(name)}`;
    const entry = element("li", { tabIndex: 0 },
      element("img", { loading: "lazy", alt: "", src }), element("div", { className: "line" }));
    entry.dataset.name = name;
    entry.addEventListener("click", () => this.open(name));
    entry.addEventListener("keydown", (event) => { if (event.key === "Enter") this.open(name); });
    return entry;
  }
}
