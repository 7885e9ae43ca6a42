// SPDX-License-Identifier: Apache-2.0
// What all pages share: asking the server, telling the user, making elements.

/** What the server said, in its own words, when it could not do what was asked. */
export class ServerError extends Error {
  constructor(status, text) { super(text); this.status = status; }
}

async function answered(response) {
  if (response.ok) return response;
  let text = `the server answers with status ${response.status}`;
  try { text = (await response.json()).error || text; } catch { /* it said nothing more */ }
  throw new ServerError(response.status, text);
}

async function fetched(url, options) {
  try {
    return await answered(await fetch(url, { cache: "no-store", ...options }));
  } catch (error) {
    if (error instanceof ServerError || error.name === "AbortError") throw error;
    throw new ServerError(0, "the server is away: start it again, nothing that was saved is lost");
  }
}

/** GET; the response. */
export const get = (url, options) => fetched(url, options);

/** GET; the JSON that comes. */
export const getJson = async (url, options) => (await fetched(url, options)).json();

/** POST of JSON; the JSON that comes. */
export async function postJson(url, body, options) {
  const headers = { "Content-Type": "application/json" };
  return (await fetched(url, { method: "POST", headers, body: JSON.stringify(body), ...options }))
    .json();
}

let fading = 0;

/** A line at the bottom of the window; an error stays until the next one or a click. */
export function notify(text, { bad = false, action = null, label = "" } = {}) {
  let notice = document.getElementById("notice");
  if (!notice) {
    notice = element("div", { id: "notice", role: "status" });
    document.body.append(notice);
  }
  notice.className = bad ? "bad" : "";
  notice.replaceChildren(element("span", { textContent: text }));
  if (action) {
    const button = element("button", { textContent: label });
    button.addEventListener("click", () => { notice.hidden = true; action(); });
    notice.append(button);
  }
  notice.hidden = false;
  clearTimeout(fading);
  if (!bad) fading = setTimeout(() => { notice.hidden = true; }, action ? 9000 : 3500);
  notice.onclick = (event) => { if (event.target.tagName !== "BUTTON") notice.hidden = true; };
}

/** An element with properties and children. */
export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

export const byId = (id) => document.getElementById(id);

/** Calls the last of many quick calls only, after `wait` milliseconds of quiet. */
export function settled(call, wait) {
  let timer = 0;
  return (...values) => { clearTimeout(timer); timer = setTimeout(() => call(...values), wait); };
}
