// The training scrubber: all panels at one moment of a recorded training, and the way to others.

import { clamp, contextOf, mount, shown } from "./core.js";
import { filmOf, heightOf, placesOf, soundStep } from "./film.js";

const LAYOUT = { gap: 20, line: 22 }; // as drawlib/scrubber_still.py has them
const MARGIN = [40, 10];
const WHOLE = 9000; // milliseconds from the first moment to the last
const FRAME = [70, 400]; // of them, for one moment
const CALM_MOMENTS = 12; // a second each, for whoever prefers less motion
const SMALL = "12.5px system-ui, 'Noto Sans', 'Liberation Sans', sans-serif";
const WORDS = "14px system-ui, 'Noto Sans', 'Liberation Sans', sans-serif";
const STRONG = `600 ${WORDS}`;
const ITALIC = "italic 17px 'Liberation Serif', 'Times New Roman', serif";

function build(frame, data) {
  const film = filmOf(data);
  const { count, times, words, unit } = film;
  const view = frame.find("view");
  const sheets = new Map(); // what the pictures of a sheet are painted on, at their own size
  let step = count - 1;
  let playing = false;
  let shownAt = 0; // when the moment came that is shown
  let clock = 0;
  let held = false;
  let timeline = [0, 1]; // where the first and the last moment lie on the picture

  // Time

  function show(to) {
    step = soundStep(to, step, count);
    frame.announce(`${told(step)}. ${words[step]}`);
    frame.redraw();
  }

  const told = (at) => `${unit} ${times[at].toLocaleString("en")}`;

  function stop() {
    playing = false;
    cancelAnimationFrame(clock);
    frame.redraw();
  }

  function play() {
    if (step === count - 1) show(0);
    playing = true;
    shownAt = performance.now();
    ask();
    frame.redraw();
  }

  function ask() {
    cancelAnimationFrame(clock);
    clock = requestAnimationFrame(frame.guarded(tick));
  }

  function tick(now) {
    if (!playing) return;
    if (!frame.host.isConnected) return stop();
    const stride = frame.calm ? Math.ceil(count / CALM_MOMENTS) : 1;
    const due = frame.calm ? 1000 : clamp(WHOLE / count, FRAME);
    if (now - shownAt >= due) {
      shownAt = now;
      show(step + stride);
      if (step === count - 1) return stop();
    }
    ask();
  }

  // By hand

  function go(to) {
    stop();
    show(to);
  }

  const press = (name, action) => frame.on(frame.find(name), "click", action);
  press("play", () => (playing ? stop() : play()));
  press("back", () => go(step - 1));
  press("on", () => go(step + 1));
  press("reset", () => go(count - 1));
  const slider = frame.slider(
    "step",
    [0, count - 1],
    1,
    go,
    (at) => `${told(at)} of ${times.at(-1).toLocaleString("en")}`,
  );

  // The picture is a time line too: a hand on it goes where the mark of the curves would be.
  function follow(event) {
    const [first, last] = timeline;
    const x = event.clientX - view.getBoundingClientRect().left;
    go(((count - 1) * (x - first)) / Math.max(last - first, 1));
  }

  frame.on(view, "pointerdown", (event) => {
    if (event.button > 0) return;
    held = true;
    view.setPointerCapture(event.pointerId);
    follow(event);
  });
  frame.on(view, "pointermove", (event) => held && follow(event));
  frame.on(view, "pointerup pointercancel lostpointercapture", () => {
    held = false;
  });

  // Where nobody looks, it stands still.
  frame.on(document, "visibilitychange", () => document.hidden && stop());
  new IntersectionObserver(
    frame.guarded((entries) => {
      if (playing && !entries.at(-1).isIntersecting) stop();
    }),
  ).observe(frame.host);

  // Drawing

  // Words; on a picture they have an edge of paper.
  function write(context, text, x, y, colour, { font = SMALL, align = "left", edge } = {}) {
    context.font = font;
    context.textAlign = align;
    if (edge) {
      context.lineWidth = 4;
      context.lineJoin = "round";
      context.strokeStyle = edge;
      context.strokeText(text, x, y);
    }
    context.fillStyle = colour;
    context.fillText(text, x, y);
  }

  function stroke(context, points, colour, thick, dash = []) {
    context.beginPath();
    for (const [x, y] of points) context.lineTo(x, y);
    context.strokeStyle = colour;
    context.lineWidth = thick;
    context.lineJoin = "round";
    context.setLineDash(dash);
    context.stroke();
    context.setLineDash([]);
  }

  function drawPlot(context, panel, [left, top, wide, high], { soft, line, paper, ...colours }) {
    const [low, far] = panel.x;
    const base = top + high;
    const Y = (y) => base - heightOf(y, panel.y) * (high - 2);
    for (const { colour, values } of panel.bars) {
      context.fillStyle = colours[colour];
      context.globalAlpha = 0.55;
      const bar = wide / values.columns;
      values.at(step).forEach((y, k) => {
        context.fillRect(left + k * bar + 0.5, Y(y), Math.max(bar - 1, 1), base - Y(y));
      });
      context.globalAlpha = 1;
    }
    for (const [y, text] of panel.ticks) {
      const level = [
        [left, Y(y)],
        [left + wide, Y(y)],
      ];
      stroke(context, level, soft, 1, [4, 4]);
      write(context, text, left + 1, Y(y) + 14, soft, { edge: paper });
    }
    for (const { colour, values } of panel.lines) {
      const points = [...values.at(step)].map((y, k) => [
        left + (k * wide) / (values.columns - 1),
        Y(y),
      ]);
      stroke(context, points, colours[colour], 2.5);
    }
    const floor = [
      [left, base],
      [left + wide, base],
    ];
    stroke(context, floor, line, 1);
    for (const share of [0.1, 0.5, 0.9]) {
      const x = shown(low + share * (far - low), 0);
      write(context, x, left + share * wide, base + 14, soft, { align: "center" });
    }
  }

  function drawArrows(context, panel, [left, top, wide, high], { ink, soft, orange, paper }) {
    const [low, far] = panel.ends;
    const X = (x) => left + (wide * (clamp(x, panel.ends) - low)) / (far - low);
    const [floor, ceiling] = [top + high - 1, top];
    context.globalAlpha = 0.8;
    panel.x.at(step).forEach((x, k) => {
      const [from, to] = [X(panel.z[k]), X(x)];
      stroke(context, [[from, floor], [to, ceiling + 1]], orange, 1.2);
      context.fillStyle = orange;
      context.beginPath();
      context.arc(to, ceiling + 2, 2, 0, 2 * Math.PI);
      context.fill();
    });
    context.globalAlpha = 1;
    stroke(context, [[left, floor], [left + wide, floor]], soft, 1);
    write(context, "x", left + 1, ceiling + 14, ink, { font: ITALIC, edge: paper });
    write(context, "z", left + 1, floor - 5, ink, { font: ITALIC, edge: paper });
  }

  function drawCurves(context, panel, [left, top, wide, high], given) {
    const { soft, line, ink, paper } = given;
    const colours = { ...given, ink: soft };
    const [from, to] = [left + MARGIN[0], left + wide - MARGIN[1]];
    const base = top + high - 20;
    const X = (k) => from + ((to - from) * k) / (count - 1);
    const Y = (y) => base - heightOf(y, panel.y, panel.log) * (base - top - 6);
    timeline = [from, to];
    for (const tick of panel.ticks) {
      stroke(context, [[from, Y(tick)], [to, Y(tick)]], line, 1);
      write(context, String(tick), from - 7, Y(tick) + 4, soft, { align: "right" });
    }
    for (const k of film.ticks) {
      const align = k === count - 1 ? "right" : "center";
      const at = k === count - 1 ? to + MARGIN[1] : X(k);
      write(context, times[k].toLocaleString("en"), at, base + 17, soft, { align });
    }
    const mark = Math.round(X(step));
    stroke(context, [[mark, top], [mark, base + 4]], ink, 2);
    for (const { colour, values } of panel.lines) {
      const points = [...values].map((y, k) => [X(k), Y(y)]);
      context.globalAlpha = 0.35;
      stroke(context, points.slice(step), colours[colour], 2);
      context.globalAlpha = 1;
      stroke(context, points.slice(0, step + 1), colours[colour], 2.5);
    }
    for (const { colour, values } of panel.lines) {
      context.beginPath();
      context.arc(X(step), Y(values[step]), 5, 0, 2 * Math.PI);
      context.fillStyle = colours[colour];
      context.fill();
      context.strokeStyle = paper;
      context.lineWidth = 1.5;
      context.stroke();
    }
  }

  function drawSheet(context, panel, [left, top, wide, high], { ink, line }) {
    const { pictures, height, width, levels, count: moments } = panel.images;
    const rows = Math.ceil(pictures / panel.across);
    if (!sheets.has(panel)) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width: panel.across * width, height: rows * height });
      sheets.set(panel, canvas);
    }
    const canvas = sheets.get(panel);
    const brush = canvas.getContext("2d");
    const picture = brush.createImageData(canvas.width, canvas.height);
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(ink.slice(at, at + 2), 16));
    const size = height * width;
    const start = Math.min(step, moments - 1) * pictures * size;
    for (let k = 0; k < pictures * size; k++) {
      const [which, pixel] = [Math.floor(k / size), k % size];
      const y = Math.floor(which / panel.across) * height + Math.floor(pixel / width);
      const x = (which % panel.across) * width + (pixel % width);
      const at = 4 * (y * canvas.width + x);
      picture.data[at] = red;
      picture.data[at + 1] = green;
      picture.data[at + 2] = blue;
      picture.data[at + 3] = 17 * levels[start + k];
    }
    brush.putImageData(picture, 0, 0);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(canvas, left, top, wide, high);
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.strokeRect(left + 0.5, top + 0.5, wide - 1, high - 1);
  }

  const DRAW = { plot: drawPlot, arrows: drawArrows, curves: drawCurves, sheet: drawSheet };

  function drawLegend(context, legend, x, y, colours) {
    let at = x;
    for (const [name, colour] of legend) {
      context.font = WORDS;
      const text = colour === "ink" ? colours.soft : colours[`${colour}-text`] || colours[colour];
      context.fillStyle = colour === "ink" ? colours.soft : colours[colour];
      context.fillRect(at, y - 6, 12, 4);
      write(context, name, at + 17, y, text, { font: WORDS });
      at += 17 + context.measureText(name).width + 16;
    }
  }

  function drawView() {
    const surface = contextOf(view);
    if (!surface) return;
    const { context, width } = surface;
    const names = ["paper", "ink", "soft", "line", "blue", "green", "orange", "orange-text"];
    const values = frame.colours(...names);
    const colours = Object.fromEntries(names.map((name, k) => [name, values[k]]));
    let top = 0;
    for (const row of film.rows) {
      const places = placesOf(row, width, top, LAYOUT);
      drawLegend(context, row.legend, 0, places.legend + 15, colours);
      row.panels.forEach((panel, k) => {
        const box = places.boxes[k];
        if (panel.title) {
          write(context, panel.title, box[0], places.title + 15, colours.ink, { font: STRONG });
        }
        DRAW[panel.kind](context, panel, box, colours);
      });
      top = places.next;
    }
  }

  frame.draw = () => {
    slider(step);
    const put = (name, text) => {
      const element = frame.find(name);
      if (element.textContent !== text) element.textContent = text;
    };
    put("words", words[step]);
    put("play", playing ? "Pause" : "Play");
    drawView();
  };

  view.setAttribute("aria-label", frame.box.getAttribute("aria-label"));
  return {
    get state() {
      return { step, playing, time: times[step] };
    },
    set: frame.guarded((changes) => go(Object(changes).step)),
    play: frame.guarded(play),
    film,
  };
}

if (typeof document !== "undefined") mount("scrubber", build);
