// What all explorables share: how one is put on a page, its colours, canvases and controls.

export function clamp(value, [low, high], otherwise = low) {
  const number = typeof value === "number" ? value : Number.NaN;
  return Number.isNaN(number) ? otherwise : Math.min(Math.max(number, low), high);
}

// A number as readers see it, with a true minus sign and a fixed width.
export function shown(value, digits = 2) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

// "light" or "dark", as whoever shows us says: the book, JupyterLab, Colab, VS Code; or else
// as the reader's system is set.
export function themeOf(page, prefersDark) {
  const [html, body] = [page.documentElement, page.body];
  for (const said of [html.dataset.theme, html.getAttribute("theme")]) {
    if (said === "light" || said === "dark") return said;
  }
  if (body?.dataset.jpThemeLight) return body.dataset.jpThemeLight === "true" ? "light" : "dark";
  if (body?.dataset.vscodeThemeKind) {
    return body.dataset.vscodeThemeKind.includes("light") ? "light" : "dark";
  }
  return prefersDark ? "dark" : "light";
}

// Put an explorable on every host of its kind that has none: on the one around this script,
// or, where whoever inserted it moved the script away, on all of them.
export function mount(kind, build) {
  const selector = `[data-explorable="${kind}"]`;
  const own = document.currentScript?.closest(selector);
  for (const host of own ? [own] : document.querySelectorAll(selector)) {
    if (!host.explorable) host.explorable = new Frame(host, build);
  }
}

export class Frame {
  constructor(host, build) {
    this.host = host;
    this.failed = false;
    this.guarded(() => {
      this.root = shadowOf(host);
      this.box = this.root.querySelector(".frame");
      const data = JSON.parse(host.querySelector('script[type="application/json"]').textContent);
      this.#followTheme();
      this.draw = () => {};
      this.parts = build(this, data); // it sets this.draw
      this.box.dataset.state = "live";
      this.draw();
      new ResizeObserver(() => this.redraw()).observe(this.box);
    })();
  }

  find(name) {
    return this.root.querySelector(`[data-name="${name}"]`);
  }

  // Wrap a function so that an error in it ends the explorable with a sentence and its
  // still picture, and never with a blank box.
  guarded(action) {
    return (...values) => {
      if (this.failed) return undefined;
      try {
        return action(...values);
      } catch (error) {
        this.#fail(error);
        return undefined;
      }
    };
  }

  on(target, kinds, action, options) {
    for (const kind of kinds.split(" "))
      target.addEventListener(kind, this.guarded(action), options);
  }

  // Draw before the next picture of the screen, once, however often this is called.
  redraw() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.guarded(() => this.draw())();
    });
  }

  get calm() {
    return matchMedia("(prefers-reduced-motion: reduce)").matches;
  }

  colours(...names) {
    const style = getComputedStyle(this.box);
    return names.map((name) => style.getPropertyValue(`--${name}`).trim());
  }

  // Say something to those who listen instead of look, once the hand has come to rest.
  announce(sentence) {
    clearTimeout(this.speaking);
    this.speaking = setTimeout(() => {
      this.find("status").textContent = sentence;
    }, 500);
  }

  // Tie a slider to a number. `text` says what the number means, beside the slider.
  slider(name, [low, high], step, change, text) {
    const input = this.find(name);
    const output = this.find(`${name}-value`);
    Object.assign(input, { min: low, max: high, step });
    this.on(input, "input", () => change(clamp(input.valueAsNumber, [low, high])));
    return (value) => {
      const said = text(value);
      if (Number(input.value) !== value) input.value = value;
      input.setAttribute("aria-valuetext", said);
      output.textContent = said;
      const share = high > low ? (value - low) / (high - low) : 0;
      input.style.setProperty("--share", `${100 * share}%`);
    };
  }

  #followTheme() {
    const system = matchMedia("(prefers-color-scheme: dark)");
    const follow = () => {
      const theme = themeOf(document, system.matches);
      if (this.box.dataset.theme === theme) return;
      this.box.dataset.theme = theme;
      this.redraw();
    };
    this.box.dataset.theme = themeOf(document, system.matches);
    // The page outlives what it shows: a notebook's output that was cleared must not be kept.
    const watcher = new MutationObserver(() => {
      if (!this.host.isConnected) {
        watcher.disconnect();
        system.removeEventListener("change", follow);
        return;
      }
      follow();
    });
    for (const element of [document.documentElement, document.body]) {
      if (element) watcher.observe(element, { attributes: true });
    }
    system.addEventListener("change", follow);
  }

  #fail(error) {
    this.failed = true;
    console.error(error);
    const reason = error instanceof Error ? error.message : String(error);
    const sentence = `Something went wrong here (${reason}). The picture shows how it began.`;
    const message = this.root?.querySelector(".message");
    if (message && this.box) {
      this.box.dataset.state = "failed";
      message.textContent = sentence;
    } else {
      const line = document.createElement("p");
      line.textContent = sentence;
      this.host.append(line);
    }
  }
}

// The shadow root is declared in the HTML. A page that was opened has it already; one into
// which the HTML was inserted later, as a notebook does, left the template as it is.
function shadowOf(host) {
  if (host.shadowRoot) return host.shadowRoot;
  const template = host.querySelector("template");
  const root = host.attachShadow({ mode: "open" });
  root.append(template.content.cloneNode(true));
  template.remove();
  return root;
}

// Make a canvas as fine as the screen, and return its context in CSS pixels, cleared; null
// where the canvas has no size, in a folded cell for example.
export function contextOf(canvas) {
  const { width, height } = canvas.getBoundingClientRect();
  if (!(width >= 1 && height >= 1)) return null;
  const ratio = Math.min(Math.max(devicePixelRatio || 1, 1), 3);
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const context = canvas.getContext("2d");
  context.setTransform(w / width, 0, 0, h / height, 0, 0);
  context.clearRect(0, 0, width, height);
  context.imageSmoothingEnabled = false;
  return { context, width, height };
}

let scratch = null;

// Paint a matrix as a heat map into a rectangle: transparent at 0, the full colour at `most`.
export function heat(context, { rows, columns, data }, colour, most, [x, y, width, height]) {
  scratch ??= document.createElement("canvas");
  Object.assign(scratch, { width: columns, height: rows });
  const small = scratch.getContext("2d", { willReadFrequently: true });
  const pixels = small.createImageData(columns, rows);
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
  const factor = most > 0 && Number.isFinite(most) ? 255 / most : 0;
  for (let k = 0; k < data.length; k++) {
    pixels.data.set([red, green, blue, Math.min(Math.max(data[k] * factor, 0), 255)], 4 * k);
  }
  small.putImageData(pixels, 0, 0);
  context.drawImage(scratch, x, y, width, height);
}

// Grey levels, one byte each in base64, as a matrix with entries from 0 to 1.
export function greyImage(base64, rows, columns) {
  const bytes = atob(base64);
  if (bytes.length !== rows * columns) {
    throw new Error(`expected an image of ${rows}×${columns}; received ${bytes.length} pixels`);
  }
  return { rows, columns, data: Float64Array.from(bytes, (byte) => byte.charCodeAt(0) / 255) };
}
