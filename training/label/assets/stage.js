// SPDX-License-Identifier: Apache-2.0
// The image on its canvas: regions to choose, a mask that grows, a box that is dragged, a brush.

import { area, BOX, bounds, decodeMask, emptyMask, MASK, MODEL, outline, paint, strokeOutline }
  from "./masks.js";

const MOST_UNDONE = 40;
const CLICK_PX = 4; // a pointer that moves less has clicked

export class Stage {
  /**
   * @param canvas where it is drawn.
   * @param events change(): the mask is another one; box([left, top, right, bottom]) and
   *   point([x, y]), in pixels: somebody wants a mask of them; hint(text).
   */
  constructor(canvas, events) {
    this.canvas = canvas;
    this.events = events;
    this.tool = "choose";
    this.brush = 24;
    this.showsRegions = true;
    this.picture = null;
    this.layers = { mask: document.createElement("canvas"), model: document.createElement("canvas") };
    this.clearAll();
    new ResizeObserver(() => this.draw()).observe(canvas);
    canvas.addEventListener("pointerdown", (event) => this.press(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    canvas.addEventListener("pointerup", (event) => this.release(event));
    canvas.addEventListener("pointercancel", () => { this.drag = null; this.draw(); });
    canvas.addEventListener("pointerleave", () => { this.pointer = null; if (!this.drag) this.hover(null); });
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  clearAll() {
    this.regions = [];
    this.chosen = new Set();
    this.mask = emptyMask(1, 1);
    this.maskPath = this.model = this.modelPath = this.drag = this.pointer = null;
    this.hovered = -1;
    this.depth = 0;
    this.undone = [];
  }

  /** Shows another image, an ImageBitmap; null for none. */
  show(picture) {
    this.clearAll();
    this.picture = picture;
    if (picture) this.mask = emptyMask(picture.width, picture.height);
    this.painted();
    this.draw();
  }

  /** Takes the regions of the image, {size, counts} each, largest first. */
  setRegions(coded) {
    this.regions = coded.map((each) => {
      const mask = decodeMask(each);
      const box = bounds(mask) || { left: 0, top: 0, right: 0, bottom: 0 };
      return { mask, box, area: area(mask), path: outline(mask) };
    });
    // Left to right, for the arrow keys.
    this.walk = this.regions.map((_, place) => place)
      .sort((a, b) => this.middle(a) - this.middle(b) || a - b);
    this.draw();
  }

  middle(place) { const { left, right } = this.regions[place].box; return left + right; }

  get isEmpty() { return !this.mask.bits.some((bit) => bit); }

  // ---------------------------------------------------------------- the mask

  /** A copy of what could come back; the newest last. */
  remember() {
    this.undone.push({ bits: this.mask.bits.slice(), chosen: new Set(this.chosen) });
    if (this.undone.length > MOST_UNDONE) this.undone.shift();
  }

  undo() {
    const before = this.undone.pop();
    if (!before) return false;
    this.mask.bits = before.bits;
    this.chosen = before.chosen;
    this.changed();
    return true;
  }

  changed() { this.painted(); this.draw(); this.events.change(); }

  painted() {
    paint(this.layers.mask, this.mask, MASK, 0.5);
    this.maskPath = outline(this.mask);
  }

  /** Puts another mask in the place of this one; null for none. */
  setMask(mask) {
    this.remember();
    this.chosen.clear();
    if (mask) this.mask.bits = mask.bits.slice();
    else this.mask.bits.fill(0);
    this.changed();
  }

  /** Adds a mask to this one. */
  add(mask) {
    this.remember();
    for (let place = 0; place < mask.bits.length; place++) this.mask.bits[place] |= mask.bits[place];
    this.changed();
  }

  toggle(place) {
    const { mask } = this.regions[place];
    this.remember();
    const bits = this.mask.bits;
    if (this.chosen.delete(place)) {
      for (let at = 0; at < bits.length; at++) if (mask.bits[at]) bits[at] = 0;
      for (const other of this.chosen) { // what it shares with the others stays
        const kept = this.regions[other].mask.bits;
        for (let at = 0; at < bits.length; at++) bits[at] |= kept[at];
      }
    } else {
      this.chosen.add(place);
      for (let at = 0; at < bits.length; at++) bits[at] |= mask.bits[at];
    }
    this.changed();
  }

  /** Shows an answer of the model beside the mask, {mask}; null for none. */
  setModel(mask) {
    this.model = mask;
    this.modelPath = mask && outline(mask);
    if (mask) paint(this.layers.model, mask, MODEL, 0.22);
    this.draw();
  }

  // ---------------------------------------------------------------- regions under the pointer

  /** Places of the regions at a pixel, the smallest first. */
  at(x, y) {
    const index = Math.floor(y) * this.mask.width + Math.floor(x);
    return this.regions.map((region, place) => ({ region, place }))
      .filter(({ region }) => region.mask.bits[index])
      .sort((a, b) => a.region.area - b.region.area).map(({ place }) => place);
  }

  hover(point) {
    const found = point ? this.at(...point) : [];
    const place = found.length ? found[Math.min(this.depth, found.length - 1)] : -1;
    if (place !== this.hovered) { this.hovered = place; this.draw(); }
    if (!point) return;
    if (found.length > 1) this.events.hint("Click to choose. Scroll for a larger or smaller region");
    else this.events.hint(found.length ? "Click to choose. Click more if there are several"
      : "Drag a box around the thing");
  }

  /** A larger (+1) or smaller (-1) region at the same place. */
  deeper(step) {
    const point = this.pointer || (this.hovered >= 0 && this.inside(this.hovered));
    if (!point) return;
    const found = this.at(...point);
    this.depth = Math.max(0, Math.min(found.length - 1, found.indexOf(this.hovered) + step));
    this.hover(point);
  }

  /** The next (+1) or the former (-1) region from left to right. */
  step(by) {
    if (!this.regions.length) return;
    const here = this.walk.indexOf(this.hovered);
    const next = here < 0 ? (by > 0 ? 0 : this.walk.length - 1)
      : (here + by + this.walk.length) % this.walk.length;
    this.hovered = this.walk[next];
    this.pointer = null;
    this.depth = 0;
    this.events.hint("Space chooses this region. ↑ ↓ for a larger or smaller one");
    this.draw();
  }

  inside(place) {
    const at = this.regions[place].mask.bits.indexOf(1);
    return at < 0 ? null : [at % this.mask.width, Math.floor(at / this.mask.width)];
  }

  // ---------------------------------------------------------------- the pointer

  place(event) {
    const { scale, left, top } = this.fit();
    const limit = (value, most) => Math.max(0, Math.min(most - 0.01, value));
    return [limit((event.offsetX - left) / scale, this.mask.width),
      limit((event.offsetY - top) / scale, this.mask.height)];
  }

  press(event) {
    if (!this.picture || event.button) return;
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const point = this.place(event);
    this.drag = { from: point, to: point, moved: false, x: event.offsetX, y: event.offsetY };
    if (this.tool !== "choose") { this.remember(); this.dab(point, point); }
  }

  move(event) {
    if (!this.picture) return;
    const point = this.place(event);
    this.pointer = point;
    if (!this.drag) {
      if (this.tool === "choose") { this.depth = 0; this.hover(point); } else this.draw();
      return;
    }
    const before = this.drag.to;
    this.drag.to = point;
    const far = Math.hypot(event.offsetX - this.drag.x, event.offsetY - this.drag.y) > CLICK_PX;
    this.drag.moved ||= far;
    if (this.tool === "choose") this.draw(); else this.dab(before, point);
  }

  release() {
    const drag = this.drag;
    this.drag = null;
    if (!drag) return;
    if (this.tool !== "choose") {
      this.chosen.clear(); // the regions' borders no longer hold
      this.changed();
      return;
    }
    if (!drag.moved) {
      if (this.hovered >= 0) this.toggle(this.hovered); else this.events.point(drag.from);
      return;
    }
    const [x0, y0] = drag.from, [x1, y1] = drag.to;
    this.events.box([Math.min(x0, x1), Math.min(y0, y1), Math.max(x0, x1), Math.max(y0, y1)]);
    this.draw();
  }

  wheel(event) {
    event.preventDefault();
    if (this.tool === "choose") this.deeper(event.deltaY < 0 ? 1 : -1);
    else this.setBrush(this.brush - Math.sign(event.deltaY) * 3);
  }

  setBrush(size) {
    this.brush = Math.max(2, Math.min(120, size));
    this.events.brush(this.brush);
    this.draw();
  }

  /** Paints or wipes a round stroke from one pixel to another. */
  dab([x0, y0], [x1, y1]) {
    const { width, height, bits } = this.mask;
    const radius = Math.max(0.5, this.brush / 2 / this.fit().scale);
    const value = this.tool === "brush" ? 1 : 0;
    const steps = Math.max(1, Math.ceil(Math.hypot(x1 - x0, y1 - y0) / Math.max(1, radius / 2)));
    for (let step = 0; step <= steps; step++) {
      const x = x0 + (x1 - x0) * step / steps, y = y0 + (y1 - y0) * step / steps;
      const bottom = Math.min(height - 1, Math.floor(y + radius));
      for (let row = Math.max(0, Math.ceil(y - radius)); row <= bottom; row++) {
        const reach = Math.sqrt(Math.max(0, radius ** 2 - (row - y) ** 2));
        const from = Math.max(0, Math.round(x - reach)), to = Math.min(width - 1, Math.round(x + reach));
        if (from <= to) bits.fill(value, row * width + from, row * width + to + 1);
      }
    }
    paint(this.layers.mask, this.mask, MASK, 0.5);
    this.maskPath = null; // its outline comes when the stroke is over
    this.draw();
  }

  // ---------------------------------------------------------------- drawing

  /** How the image lies on the canvas, in CSS pixels. */
  fit() {
    const { clientWidth, clientHeight } = this.canvas;
    const { width, height } = this.mask;
    const scale = Math.min(clientWidth / width, clientHeight / height) || 1;
    return { scale, left: (clientWidth - width * scale) / 2, top: (clientHeight - height * scale) / 2 };
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    const { canvas } = this, ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) { canvas.width = width; canvas.height = height; }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.picture) return;
    const { scale, left, top } = this.fit();
    context.setTransform(ratio, 0, 0, ratio, left * ratio, top * ratio);
    const [across, down] = [this.mask.width * scale, this.mask.height * scale];
    context.imageSmoothingEnabled = scale < 3;
    context.drawImage(this.picture, 0, 0, across, down);
    if (this.showsRegions && this.tool === "choose") {
      for (const { path } of this.regions) this.thin(context, path, scale);
    }
    context.drawImage(this.layers.mask, 0, 0, across, down);
    if (this.model) context.drawImage(this.layers.model, 0, 0, across, down);
    if (this.maskPath) strokeOutline(context, this.maskPath, scale, `rgb(${MASK})`, 2);
    if (this.modelPath) strokeOutline(context, this.modelPath, scale, `rgb(${MODEL})`, 2, [6, 5]);
    if (this.tool === "choose" && this.hovered >= 0 && !this.drag?.moved) {
      strokeOutline(context, this.regions[this.hovered].path, scale, "#fff", 2.5);
    }
    if (this.drag?.moved && this.tool === "choose") {
      const [x0, y0] = this.drag.from, [x1, y1] = this.drag.to;
      context.strokeStyle = BOX;
      context.lineWidth = 2;
      context.strokeRect(x0 * scale, y0 * scale, (x1 - x0) * scale, (y1 - y0) * scale);
    }
    if (this.pointer && this.tool !== "choose") {
      context.beginPath();
      context.arc(this.pointer[0] * scale, this.pointer[1] * scale, this.brush / 2, 0, 2 * Math.PI);
      context.strokeStyle = "#000a";
      context.lineWidth = 3;
      context.stroke();
      context.strokeStyle = this.tool === "brush" ? `rgb(${MASK})` : "#ff8a7c";
      context.lineWidth = 1.5;
      context.stroke();
    }
  }

  thin(context, path, scale) {
    context.save();
    context.scale(scale, scale);
    context.strokeStyle = "#ffffff73";
    context.lineWidth = 1 / scale;
    context.stroke(path);
    context.restore();
  }
}
