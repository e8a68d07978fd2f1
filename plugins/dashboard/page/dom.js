// Builds elements from data, and changes what is shown into what should be shown. Data become text nodes and attributes
// only: nothing here parses HTML.

/** Handlers that an element may have. */
const HANDLERS = ["onclick", "onchange", "oninput", "onkeydown", "onsubmit", "ontoggle"];
/** Characters of an attribute or text; longer ones are cut. */
export const TEXT_LENGTH_MAX = 4_000;

/**
 * An element. `attributes` may hold handlers (`onclick`), `style` (an object of CSS properties), `key` (what the element is
 * about, unique among its siblings) and `live` (see `patch`); `false`, `null` and `undefined` leave an attribute out.
 */
export function el(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (HANDLERS.includes(key)) node[key] = value;
    else if (key === "style") Object.entries(value).forEach(([property, text]) => node.style.setProperty(property, text));
    else if (key === "live") node.live = value;
    else if (key === "key") node.dataset.key = String(value).slice(0, TEXT_LENGTH_MAX);
    else if (key === "value") node.value = value;
    else node.setAttribute(key, value === true ? "" : String(value).slice(0, TEXT_LENGTH_MAX));
  }
  node.append(...children.flat(Infinity).filter(isShown).map(asNode));
  return node;
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false && child !== "";
}

function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child).slice(0, TEXT_LENGTH_MAX));
}

/**
 * Changes the children of `root` into `children`. What stays the same keeps its focus, scroll position and open details.
 * An element with `live: {kind, data, mount(node, data), update(node, data), unmount(node)}` looks after its own content.
 */
export function render(root, ...children) {
  const focused = document.activeElement;
  const wanted = el(root.tagName, {}, ...children);
  patchChildren(root, wanted);
  // Moving an element takes its focus away.
  if (focused && focused !== document.activeElement && root.contains(focused)) focused.focus({ preventScroll: true });
}

function patchChildren(old, wanted) {
  const keyed = new Map();
  for (const child of old.children) if (child.dataset.key !== undefined) keyed.set(child.dataset.key, child);
  let cursor = old.firstChild;
  for (const next of [...wanted.childNodes]) {
    const same = counterpart(cursor, next, keyed);
    if (!same) {
      old.insertBefore(next, cursor);
      mount(next);
      continue;
    }
    if (same === cursor) cursor = cursor.nextSibling;
    else old.insertBefore(same, cursor);
    patch(same, next);
  }
  while (cursor) {
    const gone = cursor;
    cursor = cursor.nextSibling;
    unmount(gone);
    gone.remove();
  }
}

function counterpart(cursor, next, keyed) {
  const key = next.dataset?.key;
  if (key !== undefined) {
    const found = keyed.get(key);
    keyed.delete(key);
    return found && isSameKind(found, next) ? found : null;
  }
  return cursor && cursor.dataset?.key === undefined && isSameKind(cursor, next) ? cursor : null;
}

function isSameKind(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName && one.live?.kind === other.live?.kind;
}

function patch(old, next) {
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== next.data) old.data = next.data;
    return;
  }
  patchAttributes(old, next);
  if (next.live) {
    old.live = { ...next.live, state: old.live.state };
    old.live.update(old, next.live.data);
    return;
  }
  patchChildren(old, next);
}

function patchAttributes(old, next) {
  for (const handler of HANDLERS) old[handler] = next[handler];
  for (const { name } of [...old.attributes]) {
    // The reader opens and closes details.
    const isOfReader = name === "open" && old.nodeName === "DETAILS";
    if (name !== "style" && !isOfReader && !next.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of next.attributes) {
    if (name !== "style" && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  // A style attribute would need 'unsafe-inline'; the object model does not.
  if (!next.live && old.style.cssText !== next.style.cssText) old.style.cssText = next.style.cssText;
}

function mount(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  if (node.live) {
    node.live.mount(node, node.live.data);
    return;
  }
  for (const child of node.children) mount(child);
}

function unmount(node) {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  if (node.live) node.live.unmount?.(node);
  else for (const child of node.children) unmount(child);
}
