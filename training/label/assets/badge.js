// SPDX-License-Identifier: Apache-2.0
// How well the model answers, as a number on a colour.

import { element } from "./page.js";

/** @param iou of the model's answer with somebody's, [0, 1]. */
export function badge(iou) {
  const level = iou >= 0.7 ? "good" : iou >= 0.4 ? "middling" : "poor";
  return element("span", {
    className: `badge ${level}`, textContent: iou.toFixed(2),
    title: "IoU of the model's answer with yours; 1 is the same",
  });
}
