// SPDX-License-Identifier: Apache-2.0
// The camera's image on its canvas, with the answer's mask, outline and box, and candidates.

import { BOX, decodeMask, MASK, outline, paint, strokeOutline } from "./masks.js";

export class CanvasView {
  constructor(canvas) {
    this.canvas = canvas;
    this.layer = document.createElement("canvas");
    this.picture = this.path = this.box = null;
    this.size = [1, 1];
    this.candidates = []; // {path, height, selected}
    this.lit = -1; // the index of the candidate that is pointed at
    this.showsAll = false;
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Shows an image of `size` [height, width] with the answer about it, or null. */
  show(picture, size, answer) {
    this.picture?.close();
    this.picture = picture;
    this.size = size;
    this.path = this.box = null;
    if (answer?.mask) {
      const mask = decodeMask(answer.mask);
      paint(this.layer, mask, MASK, 0.5);
      this.path = outline(mask);
      this.box = answer.box;
    }
    this.draw();
  }

  clear() {
    this.picture?.close();
    this.picture = this.path = this.box = null;
    this.candidates = [];
    this.draw();
  }

  /** Takes candidates as the server tells them. */
  setCandidates(told) {
    this.candidates = told.map(({ index, mask, selected }) => ({
      index, selected, height: mask.size[0], path: outline(decodeMask(mask)),
    }));
    this.draw();
  }

  draw() {
    cancelAnimationFrame(this.asked);
    this.asked = requestAnimationFrame(() => this.drawNow());
  }

  drawNow() {
    const { canvas } = this, ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (canvas.width !== width || canvas.height !== height) {
      canvas.width = width;
      canvas.height = height;
    }
    const context = canvas.getContext("2d");
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, width, height);
    if (!this.picture) return;
    const [rows, columns] = this.size;
    const scale = Math.min(canvas.clientWidth / columns, canvas.clientHeight / rows);
    const left = (canvas.clientWidth - columns * scale) / 2;
    const top = (canvas.clientHeight - rows * scale) / 2;
    context.setTransform(ratio, 0, 0, ratio, left * ratio, top * ratio);
    context.drawImage(this.picture, 0, 0, columns * scale, rows * scale);
    for (const { index, path, height: own } of this.candidates) {
      if (!this.showsAll && index !== this.lit) continue;
      strokeOutline(context, path, scale * rows / own, "#ffffffb0", index === this.lit ? 3 : 1);
    }
    if (!this.path) return;
    context.drawImage(this.layer, 0, 0, columns * scale, rows * scale);
    strokeOutline(context, this.path, scale, `rgb(${MASK})`, 2.5);
    const [x0, y0, x1, y1] = this.box;
    context.strokeStyle = BOX;
    context.lineWidth = 2;
    context.strokeRect(x0 * scale, y0 * scale, (x1 + 1 - x0) * scale, (y1 + 1 - y0) * scale);
  }
}
