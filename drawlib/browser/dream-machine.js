// The dream machine: two networks draw digits from the same latents.

import { clamp, contextOf, mount, shown } from "./core.js";
import { drawDream, mixed, networkOf, sigmoid } from "./decoder.js";
import { fillNormal, MOST_SEED, parseSeed } from "./random.js";

const DREAMS = 16;
const ACROSS = 4;
const STEP_TIME = 380; // milliseconds
const WORK_TIME = 9; // milliseconds of a frame that may be spent on dreaming

// A state that can be shown, whatever was given: not-a-number becomes `start`'s value, and
// what lies beyond an end is put at the end. A place off the disc comes to its rim.
export function soundDream(given, start, { steps, temperatures }) {
  const [a, b] = [0, 1].map((axis) => clamp(given.place?.[axis], [-9, 9], 0));
  const far = Math.max(Math.hypot(a, b), 1);
  return {
    seed: Math.round(clamp(given.seed, [0, MOST_SEED], start.seed)),
    temperature: clamp(given.temperature, temperatures, start.temperature),
    time: clamp(given.time, [0, steps + 1], steps + 1),
    chosen: Math.round(clamp(given.chosen, [0, DREAMS - 1], 0)),
    place: [a / far, b / far],
  };
}

// Between two steps the window glides to its next place, and then the ink comes.
export function between(time, steps) {
  const step = Math.min(Math.max(Math.ceil(time), 1), steps);
  const part = clamp(time - (step - 1), [0, 1]);
  const smooth = (x) => x * x * (3 - 2 * x);
  return {
    step,
    ink: smooth(clamp((part - 0.25) / 0.75, [0, 1])),
    glide: smooth(clamp(part / 0.45, [0, 1])),
    frame: clamp(steps + 1 - time, [0, 1]) * Number(time > 0),
  };
}

function build(frame, data) {
  const networks = data.networks.map(networkOf);
  const [{ steps, latent, side }] = networks;
  const pixels = side * side;
  const limits = { steps, temperatures: data.temperatures };
  const initial = soundDream({ ...data.start, time: steps + 1 }, data.start, limits);
  const numbers = () => new Float32Array(steps * latent);
  const latents = Array.from({ length: DREAMS }, numbers);
  const [u, v, z] = [numbers(), numbers(), numbers()];
  const places = Array.from({ length: DREAMS }, () => [0, 0]); // where each dream is on the pad
  const shows = networks.map((network) => ({
    network,
    canvases: latents.map(() => new Float32Array((steps + 1) * pixels)),
    windows: latents.map(() => new Float64Array(5 * steps)),
    sheet: Object.assign(document.createElement("canvas"), {
      width: ACROSS * side,
      height: ACROSS * side,
    }),
  }));
  for (const show of shows) {
    show.brush = show.sheet.getContext("2d");
    show.picture = show.brush.createImageData(show.sheet.width, show.sheet.height);
  }
  const known = new Uint8Array(DREAMS); // which were ever drawn
  const stale = new Uint8Array(DREAMS); // which are to be drawn anew
  const sheets = shows.map((_, k) => frame.find(`sheet-${k}`));
  const pad = frame.find("pad");
  const seedText = frame.find("seed");
  let state = initial;
  let playing = false;
  let last = 0; // when the last frame was
  let clock = 0; // the frame that is asked for

  // State

  function set(changes) {
    const next = soundDream({ ...state, ...changes }, state, limits);
    if (next.seed !== state.seed) sow(next.seed);
    if (next.temperature !== state.temperature) stale.fill(1);
    const place = places[next.chosen];
    if (changes.place && next.place.some((at, axis) => at !== place[axis])) {
      place.splice(0, 2, ...next.place);
      stale[next.chosen] = 1;
    }
    state = { ...next, place: [...place] };
    frame.redraw();
  }

  function sow(seed) {
    fillNormal(seed, [...latents, u, v]);
    for (const place of places) place.fill(0);
    stale.fill(1);
  }

  // Dream for a few milliseconds; the chosen one first.
  function work() {
    const start = performance.now();
    for (;;) {
      const k = stale[state.chosen] ? state.chosen : stale.indexOf(1);
      if (k < 0) return;
      mixed(z, latents[k], u, v, places[k], state.temperature);
      for (const { network, canvases, windows } of shows) {
        drawDream(network, z, canvases[k], windows[k]);
      }
      stale[k] = 0;
      known[k] = 1;
      if (performance.now() - start > WORK_TIME) return;
    }
  }

  // Time

  function play(from) {
    playing = !frame.calm;
    set({ time: playing ? from : steps + 1 });
    if (!playing) return drawn();
    last = performance.now();
    ask();
  }

  function ask() {
    cancelAnimationFrame(clock);
    clock = requestAnimationFrame(frame.guarded(tick));
  }

  function drawn() {
    frame.announce(`Dream ${state.seed} is drawn.`);
  }

  function tick(now) {
    if (!playing) return;
    const passed = clamp(now - last, [0, 100]);
    last = now;
    if (!frame.host.isConnected) playing = false;
    // Nothing is shown before it is dreamt.
    else if (!stale.includes(1)) set({ time: state.time + passed / STEP_TIME });
    if (state.time >= steps + 1) {
      playing = false;
      drawn();
    }
    frame.redraw();
    if (playing) ask();
  }

  function stop() {
    playing = false;
  }

  // Controls

  function dream(seed) {
    frame.find("seed-problem").textContent = "";
    if (seed === state.seed) sow(seed);
    set({ seed });
    play(0);
  }

  frame.on(frame.find("dream"), "click", () => dream(Math.floor(1e5 * Math.random())));
  frame.on(seedText, "input", () => {
    frame.find("seed-problem").textContent = "";
  });
  frame.on(seedText, "change", () => {
    const seed = parseSeed(seedText.value);
    if (seed === null) {
      frame.find("seed-problem").textContent =
        `Expected a number from 0 to ${MOST_SEED}; received “${seedText.value.slice(0, 12)}”.`;
      return;
    }
    seedText.blur();
    dream(seed);
  });
  frame.on(frame.find("play"), "click", () => {
    if (playing) stop();
    else play(state.time >= steps ? 0 : state.time);
    frame.redraw();
  });
  frame.on(frame.find("reset"), "click", () => {
    stop();
    frame.find("seed-problem").textContent = "";
    sow(initial.seed);
    set(initial);
  });
  const temperature = frame.slider(
    "temperature",
    data.temperatures,
    0.05,
    (value) => {
      set({ temperature: value });
      frame.announce(`Temperature ${shown(value)}.`);
    },
    (value) => shown(value),
  );
  const step = frame.slider(
    "step",
    [0, steps],
    1,
    (value) => {
      stop();
      set({ time: value });
    },
    (value) => `step ${value} of ${steps}`,
  );

  // The dream to bend, and how

  function choose(chosen) {
    set({ chosen });
    frame.announce(`Dream ${chosen + 1} of ${DREAMS} is framed.`);
  }

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  function onKeys(target, actions) {
    frame.on(target, "keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const arrow = ARROWS[event.key];
      if (arrow) actions.arrow(...arrow, event.shiftKey);
      else if (event.key === "Escape" && actions.escape) actions.escape();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  onKeys(sheets[0], {
    arrow: (right, down) => {
      const [column, row] = [state.chosen % ACROSS, Math.floor(state.chosen / ACROSS)];
      const to = [column + right, row + down].map((at) => clamp(at, [0, ACROSS - 1]));
      choose(ACROSS * to[1] + to[0]);
    },
  });
  for (const sheet of sheets) {
    frame.on(sheet, "pointerdown", (event) => {
      if (event.button > 0) return;
      const box = sheet.getBoundingClientRect();
      const cell = (share) => clamp(Math.floor(ACROSS * share), [0, ACROSS - 1]);
      const column = cell((event.clientX - box.left) / box.width);
      choose(ACROSS * cell((event.clientY - box.top) / box.height) + column);
    });
  }

  function bend(place) {
    set({ place });
    const [a, b] = state.place;
    frame.announce(`Bent by ${shown(a)} to the right and ${shown(b)} up.`);
  }

  onKeys(pad, {
    arrow: (right, down, far) => {
      const reach = far ? 0.25 : 0.05;
      bend([state.place[0] + reach * right, state.place[1] - reach * down]);
    },
    escape: () => bend([0, 0]),
  });
  frame.on(pad, "pointerdown pointermove", (event) => {
    if (event.type === "pointerdown") {
      if (event.button > 0) return;
      pad.setPointerCapture(event.pointerId);
      pad.classList.add("held");
    } else if (!pad.hasPointerCapture(event.pointerId)) return;
    const box = pad.getBoundingClientRect();
    const along = (at, from, length) => ((at - from) / length - 0.5) / 0.46;
    bend([along(event.clientX, box.left, box.width), -along(event.clientY, box.top, box.height)]);
  });
  frame.on(pad, "lostpointercapture pointercancel", () => pad.classList.remove("held"));

  // Drawing

  // Mix the ink of two steps, in logits, into the sheet's own small picture.
  function ink({ canvases, picture, brush }, { step: to, ink: share }, colour) {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16));
    const [before, after] = [(to - 1) * pixels, to * pixels];
    canvases.forEach((canvas, k) => {
      const corner = Math.floor(k / ACROSS) * ACROSS * pixels + (k % ACROSS) * side;
      for (let i = 0; i < pixels; i++) {
        const logit = canvas[before + i] * (1 - share) + canvas[after + i] * share;
        const at = 4 * (corner + Math.floor(i / side) * ACROSS * side + (i % side));
        picture.data[at] = red;
        picture.data[at + 1] = green;
        picture.data[at + 2] = blue;
        picture.data[at + 3] = known[k] ? Math.round(255 * sigmoid(logit)) : 0;
      }
    });
    brush.putImageData(picture, 0, 0);
  }

  function drawSheet(show, canvas, moment, [paper, inkColour, beyond, orange, blue]) {
    const surface = contextOf(canvas);
    if (!surface) return;
    const { context, width } = surface;
    const cell = width / ACROSS;
    const unit = cell / side;
    ink(show, moment, inkColour);
    context.fillStyle = paper;
    context.fillRect(0, 0, width, width);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(show.sheet, 0, 0, width, width);
    context.fillStyle = beyond;
    for (let k = 0; k <= ACROSS; k++) {
      context.fillRect(k * cell - 1.5, 0, 3, width);
      context.fillRect(0, k * cell - 1.5, width, 3);
    }
    for (let k = 0; k < DREAMS; k++) {
      const [left, top] = [(k % ACROSS) * cell, Math.floor(k / ACROSS) * cell];
      if (show.network.size && moment.frame > 0 && known[k]) {
        context.save();
        context.beginPath();
        context.rect(left + 1.5, top + 1.5, cell - 3, cell - 3);
        context.clip();
        context.translate(left + 0.5 * unit, top + 0.5 * unit); // pixel 0 has its middle at 0
        strokeWindow(context, show, k, moment, unit, orange);
        context.restore();
      }
    }
    const [column, row] = [state.chosen % ACROSS, Math.floor(state.chosen / ACROSS)];
    context.strokeStyle = blue;
    context.lineWidth = 3;
    context.strokeRect(column * cell + 1.5, row * cell + 1.5, cell - 3, cell - 3);
  }

  function strokeWindow(context, { network, windows }, k, moment, unit, colour) {
    const { step: to, glide } = moment;
    const at = (t) => windows[k].subarray(5 * t, 5 * t + 5);
    const [here, there] = [at(Math.max(to - 2, 0)), at(to - 1)];
    const [gX, gY, delta, sigma2] = [0, 1, 2, 3].map(
      (i) => here[i] * (1 - glide) + there[i] * glide,
    );
    const span = (network.size - 1) * delta * unit;
    context.strokeStyle = colour;
    context.globalAlpha = moment.frame;
    context.lineWidth = clamp(0.6 * Math.sqrt(sigma2) * unit, [1.25, 4]);
    context.lineJoin = "round";
    context.strokeRect(gX * unit - span / 2, gY * unit - span / 2, span, span);
  }

  function drawPad([paper, inkColour, beyond, line, blue, soft]) {
    const surface = contextOf(pad);
    if (!surface) return;
    const { context, width } = surface;
    const [middle, radius] = [width / 2, 0.46 * width];
    const circle = (x, y, r) => {
      context.beginPath();
      context.arc(x, y, r, 0, 2 * Math.PI);
    };
    context.fillStyle = beyond;
    circle(middle, middle, radius);
    context.fill();
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.stroke();
    context.beginPath();
    context.moveTo(middle - radius, middle);
    context.lineTo(middle + radius, middle);
    context.moveTo(middle, middle - radius);
    context.lineTo(middle, middle + radius);
    context.stroke();
    context.fillStyle = soft;
    context.font = "italic 15px 'Liberation Serif', 'Times New Roman', serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText("u", middle + 0.88 * radius, middle - 12);
    context.fillText("v", middle + 12, middle - 0.88 * radius);
    circle(middle, middle, 3);
    context.fill();
    const [x, y] = [middle + radius * state.place[0], middle - radius * state.place[1]];
    context.strokeStyle = inkColour;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(middle, middle);
    context.lineTo(x, y);
    context.stroke();
    circle(x, y, 9);
    context.fillStyle = blue;
    context.fill();
    context.strokeStyle = paper;
    context.lineWidth = 2.5;
    context.stroke();
  }

  function say() {
    temperature(state.temperature);
    step(Math.min(Math.ceil(state.time), steps));
    frame.find("play").textContent = playing ? "Pause" : "Play";
    if (frame.root.activeElement !== seedText) seedText.value = String(state.seed);
  }

  data.networks.forEach(({ bound }, k) => {
    frame.find(`bound-${k}`).textContent = `${bound.toFixed(2)} nats`;
  });

  frame.draw = () => {
    work();
    say();
    const names = ["paper", "ink", "beyond", "orange", "blue", "line", "soft"];
    const [paper, inkColour, beyond, orange, blue, line, soft] = frame.colours(...names);
    const moment = between(state.time, steps);
    shows.forEach((show, k) => {
      drawSheet(show, sheets[k], moment, [paper, inkColour, beyond, orange, blue]);
    });
    drawPad([paper, inkColour, beyond, line, blue, soft]);
    if (stale.includes(1)) frame.redraw();
  };

  sow(initial.seed);
  return {
    get state() {
      return { ...state, playing, pending: stale.includes(1) };
    },
    // The logits of one dream, step after step, and its windows.
    dreamt: (network, k) => [shows[network].canvases[k], shows[network].windows[k]],
    set: frame.guarded((changes) => {
      stop();
      set(Object(changes));
    }),
    dream: frame.guarded(dream),
  };
}

if (typeof document !== "undefined") mount("dream-machine", build);
