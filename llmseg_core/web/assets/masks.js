// SPDX-License-Identifier: Apache-2.0
// Masks in the browser: COCO's compressed run lengths, areas, outlines, painting.

export const MASK = [46, 196, 122];
export const BOX = "#ffd640";
export const MODEL = [79, 157, 255];

/** A mask: `bits` is a Uint8Array of width * height, row after row, 0 or 1. */
export function emptyMask(width, height) {
  return { width, height, bits: new Uint8Array(width * height) };
}

/** Numbers of COCO's text: 5 bits a character, least first; from the fourth on differences. */
export function expandCounts(text) {
  const runs = [];
  for (let place = 0; place < text.length;) {
    let value = 0, shift = 0, code = 0;
    do {
      code = text.charCodeAt(place++) - 48;
      value += (code & 31) * 2 ** shift;
      shift += 5;
    } while (code & 32);
    if (code & 16) value -= 2 ** shift;
    if (runs.length > 2) value += runs[runs.length - 2];
    runs.push(value);
  }
  return runs;
}

/** The mask of {size: [height, width], counts}; runs go down the columns. */
export function decodeMask({ size: [height, width], counts }) {
  const mask = emptyMask(width, height);
  let place = 0, inside = false;
  for (const run of typeof counts === "string" ? expandCounts(counts) : counts) {
    if (inside) {
      let row = place % height, column = (place - row) / height;
      for (let left = run; left > 0; left--) {
        mask.bits[row * width + column] = 1;
        if (++row === height) { row = 0; column++; }
      }
    }
    place += run;
    inside = !inside;
  }
  return mask;
}

/** {size, counts} with counts as a list of numbers, which the server compresses. */
export function encodeMask({ width, height, bits }) {
  const counts = [];
  let inside = 0, run = 0;
  for (let column = 0; column < width; column++) {
    for (let row = 0; row < height; row++) {
      if (bits[row * width + column] === inside) { run++; continue; }
      counts.push(run);
      inside = 1 - inside;
      run = 1;
    }
  }
  counts.push(run);
  return { size: [height, width], counts };
}

export function area({ bits }) {
  let count = 0;
  for (let place = 0; place < bits.length; place++) count += bits[place];
  return count;
}

/** {left, top, right, bottom} of the pixels inside, the last two included; null for none. */
export function bounds({ width, height, bits }) {
  let left = width, top = height, right = -1, bottom = -1;
  for (let row = 0, place = 0; row < height; row++) {
    for (let column = 0; column < width; column++, place++) {
      if (!bits[place]) continue;
      if (column < left) left = column;
      if (column > right) right = column;
      if (row < top) top = row;
      bottom = row;
    }
  }
  return right < 0 ? null : { left, top, right, bottom };
}

/** Intersection over union; 1 for two empty masks. */
export function overlap(first, second) {
  let shared = 0, either = 0;
  for (let place = 0; place < first.bits.length; place++) {
    shared += first.bits[place] & second.bits[place];
    either += first.bits[place] | second.bits[place];
  }
  return either ? shared / either : 1;
}

/** The mask tinted over a canvas of its own size, which becomes see-through elsewhere. */
export function paint(canvas, mask, colour, opacity) {
  if (canvas.width !== mask.width || canvas.height !== mask.height) {
    canvas.width = mask.width;
    canvas.height = mask.height;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(mask.width, mask.height);
  const words = new Uint32Array(image.data.buffer);
  const [red, green, blue] = colour;
  const word = ((Math.round(opacity * 255) << 24) | (blue << 16) | (green << 8) | red) >>> 0;
  for (let place = 0; place < mask.bits.length; place++) if (mask.bits[place]) words[place] = word;
  context.putImageData(image, 0, 0);
}

/** The edges between inside and outside as a path along pixel borders, in the mask's pixels. */
export function outline({ width, height, bits }) {
  const path = new Path2D();
  for (let row = 0; row <= height; row++) { // borders that lie level
    for (let column = 0, start = -1; column <= width; column++) {
      const here = column < width && (row < height ? bits[row * width + column] : 0);
      const above = column < width && (row > 0 ? bits[(row - 1) * width + column] : 0);
      if (column < width && here !== above) {
        if (start < 0) start = column;
      } else if (start >= 0) {
        path.moveTo(start, row);
        path.lineTo(column, row);
        start = -1;
      }
    }
  }
  for (let column = 0; column <= width; column++) { // borders that stand
    for (let row = 0, start = -1; row <= height; row++) {
      const here = row < height && (column < width ? bits[row * width + column] : 0);
      const before = row < height && (column > 0 ? bits[row * width + column - 1] : 0);
      if (row < height && here !== before) {
        if (start < 0) start = row;
      } else if (start >= 0) {
        path.moveTo(column, start);
        path.lineTo(column, row);
        start = -1;
      }
    }
  }
  return path;
}

/** Strokes an outline with a line of `width` screen pixels whatever the scale, dark beneath. */
export function strokeOutline(context, path, scale, colour, width = 2, dash = []) {
  context.save();
  context.scale(scale, scale);
  context.lineJoin = "round";
  context.lineCap = "round";
  context.strokeStyle = "#0009";
  context.lineWidth = (width + 2) / scale;
  context.stroke(path);
  context.setLineDash(dash.map((length) => length / scale));
  context.strokeStyle = colour;
  context.lineWidth = width / scale;
  context.stroke(path);
  context.restore();
}
