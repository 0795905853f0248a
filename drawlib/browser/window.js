// The window: DRAW's five numbers under the reader's hand.

import { clamp, contextOf, greyImage, heat, mount, shown } from "./core.js";
import {
  descend,
  largest,
  look,
  matrix,
  mismatch,
  product,
  shift2016,
  tildeOf,
  transpose,
} from "./filterbank.js";

const FIVE = ["g_x", "g_y", "log_sigma2", "log_delta", "log_gamma"];
const FAINT = 0.01; // what is written back is shown as dark as ink, but nothing below this
const STEEP = 1e-4; // the faintest slope, per pixel, that is worth an arrow

// A state that can be shown, whatever was given: not-a-number becomes `start`'s value, and
// what lies beyond a slider's end is put at its end.
export function soundState(given, start, ranges, images) {
  const state = {};
  for (const name of FIVE) {
    state[name] = Math.round(1e3 * clamp(given[name], ranges[name], start[name])) / 1e3;
  }
  state.size = Math.round(clamp(given.size, ranges.size, start.size));
  state.image = Math.round(clamp(given.image, [0, images - 1], start.image));
  state.listing = Boolean(given.listing);
  return state;
}

// Five numbers out of what was typed or pasted, or null.
export function parseFive(text) {
  const words = text
    .replace(/[−–]/g, "-")
    .split(/[\s,;()[\]]+/)
    .filter(Boolean);
  const numbers = words.map(Number);
  return numbers.length === 5 && numbers.every(Number.isFinite) ? numbers : null;
}

const inkOf = (back) => Math.max(largest(back), FAINT);

function build(frame, data) {
  const images = data.images.map((image) => greyImage(image, data.height, data.width));
  const { width, height, ranges, margin } = data; // margin: pixels shown around the image
  const start = soundState(data.start, data.start, ranges, images.length);
  const stage = frame.find("stage");
  const spots = frame.find("glimpse");
  const [fieldWidth, fieldHeight] = [width + 2 * margin, height + 2 * margin];
  let state = start;
  let seen;
  let home; // what the same window sees at g̃ = 0
  let slope;
  let pick = null; // [row, column] of the spot that is pointed at
  let pace = 0; // pixels a step, while the window follows the arrow

  // State

  const five = (from) => FIVE.map((name) => from[name]);

  function set(changes, { redraw = true } = {}) {
    state = soundState({ ...state, ...changes }, start, ranges, images.length);
    const image = images[state.image];
    seen = look(image, five(state), state.size, state.listing);
    home = look(image, [0, 0, ...five(state).slice(2)], state.size, state.listing);
    slope = mismatch(image, seen, home.glimpse);
    if (pick && Math.max(...pick) >= state.size) pick = null;
    if (redraw) frame.redraw();
  }

  // What a hand does stops the window's own walk.
  function change(changes) {
    pace = 0;
    set(changes);
    frame.announce(
      `Middle at column ${seen.middleX.toFixed(1)}, row ${seen.middleY.toFixed(1)}; ` +
        `spots ${seen.delta.toFixed(2)} pixels apart.`,
    );
  }

  function moveBy(right, down) {
    change({
      g_x: tildeOf(seen.middleX + right, width, seen.delta, state.listing),
      g_y: tildeOf(seen.middleY + down, height, seen.delta, state.listing),
    });
  }

  // Sliders

  const sliders = {
    g_x: () => `x = ${shown(seen.middleX, 1)} px`,
    g_y: () => `y = ${shown(seen.middleY, 1)} px`,
    log_sigma2: () => `σ = ${shown(Math.sqrt(seen.sigma2))} px`,
    log_delta: () => `δ = ${shown(seen.delta)} px`,
    log_gamma: () => `γ = ${shown(seen.gamma)}`,
    size: (n) => `${n} × ${n} spots`,
  };
  for (const [name, text] of Object.entries(sliders)) {
    const step = name === "size" ? 1 : 0.01;
    const move = (value) => change({ [name]: value });
    sliders[name] = frame.slider(name, ranges[name], step, move, text);
  }

  // The window, by hand

  const fingers = new Map();

  function place(event) {
    const box = stage.getBoundingClientRect();
    return [
      ((event.clientX - box.left) / box.width) * fieldWidth - margin - 0.5,
      ((event.clientY - box.top) / box.height) * fieldHeight - margin - 0.5,
    ];
  }

  const apart = () => {
    const [a, b] = [...fingers.values()];
    return Math.hypot(a[0] - b[0], a[1] - b[1]);
  };

  frame.on(stage, "pointerdown", (event) => {
    if (event.button > 0) return;
    stage.setPointerCapture(event.pointerId);
    stage.classList.add("held");
    const [x, y] = place(event);
    fingers.set(event.pointerId, [x, y]);
    const reach = Math.max(((state.size - 1) / 2) * seen.delta, 2.5);
    const missed = Math.max(Math.abs(x - seen.middleX), Math.abs(y - seen.middleY)) > reach;
    if (fingers.size === 1 && missed) moveBy(x - seen.middleX, y - seen.middleY);
  });
  frame.on(stage, "pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    const wide = fingers.size === 2 ? apart() : 0;
    const [x, y] = place(event);
    fingers.set(event.pointerId, [x, y]);
    moveBy((x - before[0]) / fingers.size, (y - before[1]) / fingers.size);
    if (wide > 1) change({ log_delta: state.log_delta + Math.log(Math.max(apart(), 1) / wide) });
  });
  frame.on(stage, "pointerup pointercancel lostpointercapture", (event) => {
    fingers.delete(event.pointerId);
    if (!fingers.size) stage.classList.remove("held");
  });
  // A page that is scrolled past must not be caught: the wheel zooms where the window has the
  // focus, or where the fingers pinch, which the browser reports as a wheel with control.
  frame.on(
    stage,
    "wheel",
    (event) => {
      if (!event.ctrlKey && frame.root.activeElement !== stage) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1;
      const turn = clamp((event.deltaY * lines) / 400, [-0.25, 0.25], 0);
      change({ log_delta: state.log_delta + turn });
    },
    { passive: false },
  );
  const KEYS = {
    ArrowLeft: (step) => moveBy(-step, 0),
    ArrowRight: (step) => moveBy(step, 0),
    ArrowUp: (step) => moveBy(0, -step),
    ArrowDown: (step) => moveBy(0, step),
    "+": () => change({ log_delta: state.log_delta - 0.1 }),
    "=": () => change({ log_delta: state.log_delta - 0.1 }),
    "-": () => change({ log_delta: state.log_delta + 0.1 }),
    "−": () => change({ log_delta: state.log_delta + 0.1 }),
  };
  frame.on(stage, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    KEYS[event.key](event.shiftKey ? 3 : 0.5);
    event.preventDefault();
    event.stopPropagation();
  });

  // One spot of the glimpse

  function point(at) {
    pick = at;
    frame.redraw();
  }

  frame.on(spots, "pointermove pointerdown", (event) => {
    const box = spots.getBoundingClientRect();
    const cell = (share) => clamp(Math.floor(share * state.size), [0, state.size - 1], 0);
    point([
      cell((event.clientY - box.top) / box.height),
      cell((event.clientX - box.left) / box.width),
    ]);
  });
  frame.on(spots, "pointerleave blur", () => point(null));
  frame.on(spots, "keydown", (event) => {
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const step = steps[event.key];
    if (!step && event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    if (!step) return point(null);
    const middle = Math.floor((state.size - 1) / 2);
    const from = pick ?? [middle - step[0], middle - step[1]];
    point(from.map((k, axis) => clamp(k + step[axis], [0, state.size - 1], 0)));
    const value = seen.glimpse.data[pick[0] * state.size + pick[1]];
    frame.announce(`Spot in row ${pick[0]}, column ${pick[1]}: ${value.toFixed(2)}.`);
  });

  // Buttons

  function walk() {
    if (!pace) return;
    step();
    if (pace) requestAnimationFrame(frame.guarded(walk));
  }

  function step() {
    const image = images[state.image];
    const next = descend(image, five(state), state.size, state.listing, home.glimpse, pace);
    const before = state;
    set(Object.fromEntries(FIVE.map((name, k) => [name, next.five[k]])));
    const stuck = next.pace === pace && before.g_x === state.g_x && before.g_y === state.g_y;
    pace = next.pace < 0.02 || stuck ? 0 : next.pace;
  }

  frame.on(frame.find("follow"), "click", () => {
    const walking = pace > 0;
    pace = walking ? 0 : 0.3;
    if (frame.calm) {
      for (let k = 0; k < 500 && pace; k++) step();
    } else if (!walking) walk();
    frame.redraw();
  });
  frame.on(frame.find("reset"), "click", () => {
    point(null);
    change(start);
    report("");
  });
  frame.on(frame.find("listing"), "change", (event) => change({ listing: event.target.checked }));

  const choices = images.map((image, k) => {
    const button = document.createElement("button");
    const picture = document.createElement("canvas");
    button.type = "button";
    button.setAttribute("aria-label", data.labels[k]);
    button.append(picture);
    frame.on(button, "click", () => change({ image: k }));
    frame.find("images").append(button);
    return [button, picture, image];
  });

  // The five numbers as text

  const text = frame.find("five");
  const report = (sentence) => {
    frame.find("five-problem").textContent = sentence;
  };
  frame.on(text, "change", () => {
    const numbers = parseFive(text.value);
    if (!numbers) {
      report(`Expected five numbers; received “${text.value.slice(0, 40)}”.`);
      return;
    }
    const before = Object.fromEntries(FIVE.map((name, k) => [name, numbers[k]]));
    text.blur();
    change(before);
    const cut = FIVE.filter((name, k) => Math.abs(state[name] - numbers[k]) > 1e-3);
    report(cut.length ? "Some lie beyond the sliders' ends, and were put there." : "");
  });

  // Drawing

  function drawStage(colours) {
    const surface = contextOf(stage);
    if (!surface) return;
    const { context, width: wide } = surface;
    const unit = wide / fieldWidth;
    const [paper, beyond, ink, line, orange, blue] = colours;
    context.fillStyle = beyond;
    context.fillRect(0, 0, wide, surface.height);
    context.scale(unit, unit);
    context.translate(margin + 0.5, margin + 0.5); // pixel 0 has its middle at 0
    const sheet = [-0.5, -0.5, width, height];
    context.fillStyle = paper;
    context.fillRect(...sheet);

    // Where the window looks: a patch of ones, written; or one spot alone.
    const [rows, columns] = pick ?? [null, null];
    const one = (F, only) => matrix(1, F.rows, (_, i) => Number(only === null || only === i));
    const light = product(
      transpose(product(one(seen.F_y, rows), seen.F_y)),
      product(one(seen.F_x, columns), seen.F_x),
    );
    context.globalAlpha = 0.45;
    heat(context, light, orange, largest(light), sheet);
    context.globalAlpha = pick ? 0.75 : 0.9;
    heat(context, images[state.image], ink, 1, sheet);
    context.globalAlpha = 1;
    context.lineWidth = 1 / unit;
    context.strokeStyle = line;
    context.strokeRect(...sheet);

    cross(context, home.middleX, home.middleY, unit, [paper, blue]);
    if (state.listing) {
      const ours = look(images[state.image], five(state), state.size);
      grid(context, ours, unit, blue, false);
    }
    grid(context, seen, unit, orange, true);
    if (Math.hypot(slope.x, slope.y) > STEEP) {
      arrow(context, seen.middleX, seen.middleY, unit, ink, paper);
    }
  }

  function cross(context, x, y, unit, [paper, colour]) {
    const r = 6 / unit;
    context.beginPath();
    context.moveTo(x - r, y);
    context.lineTo(x + r, y);
    context.moveTo(x, y - r);
    context.lineTo(x, y + r);
    twice(context, unit, [paper, 5], [colour, 2]);
  }

  // A line with a pale edge, to be seen on ink and on paper.
  function twice(context, unit, ...strokes) {
    context.lineCap = context.lineJoin = "round";
    for (const [colour, thick] of strokes) {
      context.strokeStyle = colour;
      context.lineWidth = thick / unit;
      context.stroke();
    }
  }

  function grid(context, { muX, muY, delta }, unit, colour, filled) {
    const radius = Math.min(Math.max(0.17 * delta, 1.3 / unit), 3.2 / unit);
    context.fillStyle = context.strokeStyle = colour;
    context.lineWidth = 1.4 / unit;
    const [left, top] = [muX[0], muY[0]];
    context.strokeRect(left, top, muX.at(-1) - left, muY.at(-1) - top);
    muY.forEach((y, row) => {
      muX.forEach((x, column) => {
        const chosen = filled && pick && pick[0] === row && pick[1] === column;
        context.beginPath();
        context.arc(x, y, chosen ? 2 * radius + 1.5 / unit : radius, 0, 2 * Math.PI);
        if (filled) context.fill();
        else context.stroke();
      });
    });
  }

  // Down the slope; a faint slope has a short arrow, on a logarithmic scale.
  function arrow(context, x, y, unit, ink, paper) {
    const steepness = Math.hypot(slope.x, slope.y);
    const length = (16 + 11 * clamp(Math.log10(steepness / STEEP), [0, 5])) / unit;
    const [right, down] = [-slope.x / steepness, -slope.y / steepness];
    const [tipX, tipY] = [x + right * length, y + down * length];
    const head = 7 / unit;
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(tipX, tipY);
    for (const turn of [0.75, -0.75]) {
      const angle = Math.atan2(down, right) + Math.PI - turn;
      context.moveTo(tipX, tipY);
      context.lineTo(tipX + head * Math.cos(angle), tipY + head * Math.sin(angle));
    }
    twice(context, unit, [paper, 6.5], [ink, 2.8]);
  }

  // Filters along an edge of the stage, pixel beside pixel.
  function drawFilters(name, F, colour, chosen, along, [beyond, ink]) {
    const surface = contextOf(frame.find(name));
    if (!surface) return;
    const { context } = surface;
    const side = (values) =>
      along === "x" ? values : [values[1], values[0], values[3], values[2]];
    const [long, short] = side([surface.width, surface.height]);
    const unit = long / (F.columns + 2 * margin);
    const [from, span] = [margin * unit, F.columns * unit];
    context.fillStyle = beyond;
    context.fillRect(...side([from, 0, span, short]));
    const turned = along === "x" ? F : transpose(F);
    heat(context, turned, colour, largest(F), side([from, 0, span, short]));
    if (chosen === null) return;
    context.strokeStyle = ink;
    context.lineWidth = 2;
    const thick = short / F.rows;
    context.strokeRect(...side([from + 1, chosen * thick + 1, span - 2, Math.max(thick - 2, 1)]));
  }

  function drawView(canvas, values, most, [paper, ink, line, orange], chosen) {
    const surface = contextOf(canvas);
    if (!surface) return;
    const { context, width: wide, height: high } = surface;
    context.fillStyle = paper;
    context.fillRect(0, 0, wide, high);
    heat(context, values, ink, most, [0, 0, wide, high]);
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.strokeRect(0.5, 0.5, wide - 1, high - 1);
    if (!chosen) return;
    const cell = [wide / values.columns, high / values.rows];
    context.strokeStyle = orange;
    context.lineWidth = 3;
    context.strokeRect(
      chosen[1] * cell[0] + 1.5,
      chosen[0] * cell[1] + 1.5,
      cell[0] - 3,
      cell[1] - 3,
    );
  }

  function say() {
    const steepness = Math.hypot(slope.x, slope.y);
    frame.find("difference").textContent = shown(slope.value);
    frame.find("slope").textContent =
      steepness > STEEP ? `${shown(steepness, steepness < 0.1 ? 4 : 2)} a pixel` : "none to feel";
    const [right, down] = [state.g_x, state.g_y].map((g) => shift2016(g, seen.delta));
    const way = (amount, ahead, behind) =>
      `${Math.abs(amount).toFixed(2)} px ${amount < 0 ? behind : ahead}`;
    frame.find("listing-note").textContent = state.listing
      ? `Off by 1 + g̃ − δ:\n${way(right, "right", "left")}, ${way(down, "down", "up")}`
      : "";
    frame.find("back-range").textContent = `ink is ${shown(inkOf(seen.back))}`;
    for (const [name, update] of Object.entries(sliders)) update(state[name]);
    if (frame.root.activeElement !== text) {
      text.value = five(state)
        .map((number) => String(number))
        .join(", ");
    }
    frame.find("listing").checked = state.listing;
    frame.find("follow").textContent = pace ? "Stop" : "Follow the arrow";
    for (const [k, [button]] of choices.entries()) {
      button.setAttribute("aria-pressed", k === state.image);
    }
  }

  frame.draw = () => {
    say();
    const names = ["paper", "beyond", "ink", "line", "orange", "blue", "green"];
    const [paper, beyond, ink, line, orange, blue, green] = frame.colours(...names);
    drawStage([paper, beyond, ink, line, orange, blue]);
    const [row, column] = pick ?? [null, null];
    drawFilters("filters-x", seen.F_x, blue, column, "x", [beyond, ink]);
    drawFilters("filters-y", seen.F_y, green, row, "y", [beyond, ink]);
    drawView(spots, seen.glimpse, 1, [paper, ink, line, orange], pick);
    drawView(frame.find("back"), seen.back, inkOf(seen.back), [paper, ink, line, orange], null);
    for (const [, picture, image] of choices) {
      drawView(picture, image, 1, [paper, ink, paper, orange], null);
    }
  };

  set(start, { redraw: false });
  return {
    get state() {
      return { ...state };
    },
    get seen() {
      return { ...seen, slope };
    },
    set: frame.guarded((changes) => change(Object(changes))),
  };
}

if (typeof document !== "undefined") mount("window", build);
