// Be George: bend his curve against a Danielle who learns, then let him learn by two recipes.

import { clamp, contextOf, mount, shown } from "./core.js";
import {
  bell,
  copyOf,
  crossings,
  density,
  ENDS,
  forge,
  gradientOfNotes,
  logit,
  luckOf,
  measure,
  newGame,
  orderOf,
  PLACES,
  playRound,
  RECIPES,
  SHOWN,
  SHOWN_REAL,
  sigmoid,
  verdict,
} from "./game.js";
import { MOST_SEED, parseSeed } from "./random.js";

const ROUNDS = 600; // in which George learns
const RECORDED = 4; // rounds from one point of the chart to the next
const ATTENTION = 400; // rounds for which Danielle goes on learning when the hand rests
const PACE = 75; // rounds a second
const WORK_TIME = 9; // milliseconds of a frame that may be spent on them
const STEP = 10;
const CALM_LESSONS = 30; // at once, for whoever prefers less motion

const STARTS = {
  straight: [...PLACES],
  alike: PLACES.map(() => -1),
  tangled: [-4, 3, -3, 2, -2, 1, -1, 0, -0.5],
};
const WHY = {
  post:
    "Green: Danielle's push on each note, up the slope of log D. Notes in one place all get " +
    "the same push, and where she is level, none.",
  transport:
    "Blue: both piles are sorted and paired, so each note is sent to a real one of its own. " +
    "No two go to the same place.",
};

// A state that can be shown, whatever was given: what is not a number stays as it was, and what
// lies beyond an end is put at the end.
export function soundGeorge(given, now) {
  return {
    seed: Math.round(clamp(given.seed, [0, MOST_SEED], now.seed)),
    recipe: RECIPES.includes(given.recipe) ? given.recipe : now.recipe,
    curve: Array.from(now.curve, (x, k) => clamp(given.curve?.[k], ENDS, x)),
  };
}

// Where a line from z, on the floor, to x, on the ceiling, is at some height between 0 and 1.
export function along(z, x, height) {
  return z + height * (x - z);
}

// The arrow that lies nearest to a place at some height.
export function nearestArrow(curve, at, height) {
  let [nearest, least] = [0, Number.POSITIVE_INFINITY];
  curve.forEach((x, k) => {
    const gap = Math.abs(along(PLACES[k], x, height) - at);
    if (gap < least) [nearest, least] = [k, gap];
  });
  return nearest;
}

function build(frame, data) {
  const initial = soundGeorge(data.start, { seed: 0, recipe: "post", curve: PLACES });
  const canvas = { view: frame.find("view"), arrows: frame.find("arrows") };
  const hand = canvas.arrows.parentElement;
  const seedText = frame.find("seed");
  let { seed, recipe } = initial;
  let mine = null; // the game that the reader plays
  let start = null; // where George last began to learn from
  let runs = null; // the two games in which he learns, or null while the reader is George
  let record = { post: [], transport: [] };
  let attention = 0;
  let paused = false;
  let visible = true;
  let last = 0;
  let owed = 0;
  let clock = 0;
  let held = null; // the arrow that a pointer holds

  const current = () => (runs ? runs[recipe] : mine);
  const learnt = () => (runs ? runs.post.round - start.round : 0);
  const busy = () => !paused && visible && (runs ? learnt() < ROUNDS : attention > 0);

  // Rounds

  function advance() {
    if (!runs) {
      playRound(mine, luckOf(seed, mine.round));
      attention -= 1;
      return;
    }
    const luck = luckOf(seed, runs.post.round);
    for (const name of RECIPES) playRound(runs[name], luck, name);
    if (learnt() % RECORDED === 0) note();
    if (learnt() === ROUNDS) frame.announce(outcome());
  }

  function note() {
    for (const name of RECIPES) record[name].push(measure(runs[name]).w1);
  }

  function outcome() {
    const [post, transport] = RECIPES.map((name) => record[name].at(-1));
    const [least, most] = [Math.min(post, transport), Math.max(post, transport)];
    if (most < 1.1 * least) return `After ${ROUNDS} rounds, both are about as close.`;
    const winner = post < transport ? "the post's recipe" : "transport";
    return `After ${ROUNDS} rounds, ${winner} is closer.`;
  }

  function ask() {
    if (clock || !busy()) return;
    clock = requestAnimationFrame(frame.guarded(tick));
  }

  function wake() {
    last = performance.now();
    owed = 0;
    ask();
  }

  function tick(now) {
    clock = 0;
    if (!frame.host.isConnected || frame.failed) return;
    const begun = performance.now();
    owed = Math.min(owed + (clamp(now - last, [0, 100]) * PACE) / 1000, 8);
    last = now;
    // For whoever prefers less motion, there is no way, only an end.
    while (busy() && (frame.calm || owed >= 1) && performance.now() - begun < WORK_TIME) {
      advance();
      owed -= 1;
    }
    if (!frame.calm || !busy()) frame.redraw();
    ask();
  }

  // What the reader does

  function sow() {
    mine = newGame(seed, current()?.curve ?? initial.curve);
    runs = null;
    record = { post: [], transport: [] };
    attention = 0;
    frame.redraw();
  }

  function takeOver() {
    if (!runs) return;
    mine = copyOf(runs[recipe]);
    runs = null;
  }

  function bend(curve) {
    takeOver();
    mine.curve.set(curve);
    record = { post: [], transport: [] };
    attention = ATTENTION;
    if (frame.calm) {
      for (let k = 0; k < CALM_LESSONS && !paused; k++) advance();
      attention = 0;
    } else if (!clock) wake();
    frame.announce(verdict(measure(mine), "your").join(" "));
    frame.redraw();
  }

  function bendOne(k, x) {
    const curve = [...current().curve];
    curve[k] = clamp(x, ENDS, curve[k]);
    bend(curve);
  }

  function learn() {
    if (!runs) start = copyOf(mine);
    runs = { post: copyOf(start), transport: copyOf(start) };
    record = { post: [], transport: [] };
    note();
    paused = false;
    wake();
    frame.redraw();
  }

  function choose(name) {
    recipe = name;
    frame.announce(WHY[name]);
    frame.redraw();
  }

  function step() {
    paused = true;
    for (let k = 0; k < STEP && (!runs || learnt() < ROUNDS); k++) advance();
    attention = Math.max(attention, 0);
    frame.announce(verdict(measure(current()), runs ? "George's" : "your").join(" "));
    frame.redraw();
  }

  function report(sentence) {
    frame.find("seed-problem").textContent = sentence;
  }

  function reset() {
    ({ seed, recipe } = initial);
    runs = mine = start = null;
    paused = false;
    report("");
    sow();
  }

  const press = (name, action) => frame.on(frame.find(name), "click", action);
  press("learn", learn);
  press("step", step);
  press("reset", reset);
  press("pause", () => {
    paused = !paused;
    wake();
    frame.redraw();
  });
  for (const name of RECIPES) press(name, () => choose(name));
  for (const [name, curve] of Object.entries(STARTS)) press(name, () => bend(curve));
  frame.on(seedText, "input", () => report(""));
  frame.on(seedText, "change", () => {
    const typed = parseSeed(seedText.value);
    if (typed === null) {
      report(
        `Expected a number from 0 to ${MOST_SEED}; received “${seedText.value.slice(0, 12)}”.`,
      );
      return;
    }
    seed = typed;
    seedText.blur();
    sow();
  });

  // The arrows, by keys and by hand

  const sliders = Array.from(PLACES, (z, k) => {
    const slider = document.createElement("input");
    Object.assign(slider, { type: "range", min: ENDS[0], max: ENDS[1], step: 0.1 });
    slider.setAttribute("aria-label", `The note for z = ${shown(z)}`);
    frame.on(slider, "input", () => bendOne(k, slider.valueAsNumber));
    frame.on(slider, "focus blur", () => frame.redraw());
    frame.find("handles").append(slider);
    return slider;
  });

  // A place on the picture of the arrows, as [x, height].
  function place(event) {
    const box = hand.getBoundingClientRect();
    const { left, unit, floor, ceiling } = layout(box.width, box.height);
    return [
      (event.clientX - box.left - left) / unit + ENDS[0],
      clamp((floor - (event.clientY - box.top)) / (floor - ceiling), [0.1, 1]),
    ];
  }

  frame.on(hand, "pointerdown", (event) => {
    if (event.button > 0) return;
    const [at, height] = place(event);
    const k = nearestArrow(current().curve, at, height);
    held = { k, at, x: current().curve[k], height: Math.max(height, 0.35) };
    hand.setPointerCapture(event.pointerId);
    sliders[k].focus({ preventScroll: true });
    event.preventDefault();
    frame.redraw();
  });
  frame.on(hand, "pointermove", (event) => {
    if (!held) return;
    bendOne(held.k, held.x + (place(event)[0] - held.at) / held.height);
  });
  frame.on(hand, "pointerup pointercancel lostpointercapture", () => {
    held = null;
    frame.redraw();
  });

  // Drawing: x runs to the right in both pictures, one above the other.

  const GRID = [-4, -2, 0, 2, 4];
  const SMALL = "12.5px system-ui, 'Noto Sans', 'Liberation Sans', sans-serif";
  const ITALIC = "italic 17px 'Liberation Serif', 'Times New Roman', serif";

  function layout(width, height) {
    const left = 16;
    const unit = (width - 2 * left) / (ENDS[1] - ENDS[0]);
    return { left, unit, floor: height - 26, ceiling: 0 };
  }

  function drawView(game, seen, colours) {
    const surface = contextOf(canvas.view);
    if (!surface) return;
    const { context, width, height } = surface;
    const { paper, soft, line, blue, green, orange } = colours;
    const { left, unit } = layout(width, height);
    const base = height - 82; // under the densities
    const high = base - 8;
    const X = (x) => left + (x - ENDS[0]) * unit;
    const Y = (y) => base - Math.min(y, 1.03) * high;
    const stroke = (colour, thick, dash = []) => {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.setLineDash(dash);
      context.stroke();
      context.setLineDash([]);
    };
    const curve = (f, colour) => {
      context.beginPath();
      for (let pixel = X(ENDS[0]); pixel <= X(ENDS[1]); pixel += 2) {
        context.lineTo(pixel, Y(f(ENDS[0] + (pixel - left) / unit)));
      }
      context.lineJoin = "round";
      stroke(colour, 2.5);
    };

    for (const x of GRID) {
      context.beginPath();
      context.moveTo(X(x), 0);
      context.lineTo(X(x), height);
      stroke(line, 1);
    }
    context.beginPath();
    context.moveTo(X(ENDS[0]), base);
    context.lineTo(X(ENDS[1]), base);
    stroke(soft, 1);
    context.beginPath();
    context.moveTo(X(ENDS[0]), Y(0.5));
    context.lineTo(X(ENDS[1]), Y(0.5));
    stroke(soft, 1, [4, 4]);

    context.fillStyle = orange;
    context.globalAlpha = 0.55;
    density(seen.notes).forEach((share, k) => {
      const top = Y(share);
      context.fillRect(X(ENDS[0] + k / 4) + 0.5, top, unit / 4 - 1, base - top);
    });
    context.globalAlpha = 1;
    curve(bell, blue);
    curve((x) => sigmoid(logit(game.weights, x)), green);
    text(context, "1", 1, Y(1) + 4, soft, paper);
    text(context, "½", 1, Y(0.5) + 4, soft, paper);

    drawPushes(context, game, X, [base + 22, height - 1], colours);
  }

  // Where each note is told to go: from the note, below, to there, above.
  function drawPushes(context, game, X, [top, bottom], { paper, soft, blue, green }) {
    const notes = forge(game.curve, SHOWN);
    const pushes = gradientOfNotes(recipe, game.weights, notes, SHOWN_REAL);
    const colour = recipe === "post" ? green : blue;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.3;
    notes.forEach((x, k) => {
      const way = recipe === "post" ? clamp(-pushes[k], [-2, 2]) : -pushes[k] / 2;
      const to = X(x + way);
      context.globalAlpha = 0.75;
      context.beginPath();
      context.moveTo(X(x), bottom);
      context.lineTo(to, top + 4);
      context.stroke();
      context.globalAlpha = 1;
      context.beginPath();
      context.arc(to, top + 2, 2.2, 0, 2 * Math.PI);
      context.fill();
    });
    text(context, "where each note is told to go", 1, top - 6, soft, paper);
  }

  function drawArrows(game, { paper, ink, soft, line, orange }) {
    const surface = contextOf(canvas.arrows);
    if (!surface) return;
    const { context, width, height } = surface;
    const { left, unit, floor, ceiling } = layout(width, height);
    const X = (x) => left + (x - ENDS[0]) * unit;
    context.lineWidth = 1;
    context.strokeStyle = line;
    for (const x of GRID) {
      context.beginPath();
      context.moveTo(X(x), ceiling);
      context.lineTo(X(x), floor);
      context.stroke();
    }
    context.strokeStyle = soft;
    for (const y of [ceiling + 0.5, floor]) {
      context.beginPath();
      context.moveTo(X(ENDS[0]), y);
      context.lineTo(X(ENDS[1]), y);
      context.stroke();
    }
    context.strokeStyle = context.fillStyle = orange;
    context.globalAlpha = 0.6;
    forge(game.curve, SHOWN).forEach((x, k) => {
      context.beginPath();
      context.moveTo(X(SHOWN[k]), floor);
      context.lineTo(X(x), ceiling);
      context.stroke();
    });
    context.globalAlpha = 1;
    const middle = floor - (floor - ceiling) / 2;
    game.curve.forEach((x, k) => {
      const at = (share) => X(along(PLACES[k], x, share));
      context.lineWidth = 3;
      context.beginPath();
      context.moveTo(at(0), floor);
      context.lineTo(at(1), ceiling + 2);
      context.stroke();
      const angle = Math.atan2(ceiling - floor, at(1) - at(0));
      context.beginPath();
      context.moveTo(at(1), ceiling + 1);
      for (const turn of [2.75, -2.75]) {
        const [right, down] = [Math.cos(angle + turn), Math.sin(angle + turn)];
        context.lineTo(at(1) + 12 * right, ceiling + 1 + 12 * down);
      }
      context.fill();
    });
    const chosen = held ? held.k : sliders.indexOf(frame.root.activeElement);
    for (const k of orderOf(game.curve.map((_, at) => Number(at === chosen)))) {
      context.beginPath();
      const radius = k === chosen ? 9 : 7;
      context.arc(X(along(PLACES[k], game.curve[k], 0.5)), middle, radius, 0, 2 * Math.PI);
      context.fillStyle = k === chosen ? ink : orange;
      context.fill();
      context.lineWidth = 2.5;
      context.strokeStyle = paper;
      context.stroke();
    }
    text(context, "x", 1, ceiling + 15, ink, paper, { font: ITALIC });
    text(context, "z", 1, floor - 3, ink, paper, { font: ITALIC });
    for (const x of GRID) {
      text(context, shown(x, 0), X(x), floor + 18, soft, paper, { align: "center" });
    }
  }

  // Words on the picture, with a pale edge.
  function text(context, words, x, y, colour, paper, { font = SMALL, align = "left" } = {}) {
    context.font = font;
    context.textAlign = align;
    context.lineWidth = 4;
    context.lineJoin = "round";
    context.strokeStyle = paper;
    context.strokeText(words, x, y);
    context.fillStyle = colour;
    context.fillText(words, x, y);
  }

  function drawChart(w1, { paper, ink, soft, line, blue, green }) {
    const surface = contextOf(frame.find("chart"));
    if (!surface) return;
    const { context, width, height } = surface;
    const [left, right, top, bottom] = [36, width - 4, 8, height - 20];
    const [low, high] = [Math.log(0.02), Math.log(4)];
    const X = (round) => left + ((right - left) * round) / ROUNDS;
    const Y = (value) =>
      bottom - ((bottom - top) * (clamp(Math.log(value), [low, high]) - low)) / (high - low);
    for (const tick of [0.03, 0.1, 0.3, 1, 3]) {
      context.strokeStyle = line;
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(left, Y(tick));
      context.lineTo(right, Y(tick));
      context.stroke();
      text(context, String(tick), left - 5, Y(tick) + 4, soft, paper, { align: "right" });
    }
    text(context, "round 0", left, height - 4, soft, paper);
    text(context, String(ROUNDS), right, height - 4, soft, paper, { align: "right" });
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(left, Y(w1));
    context.lineTo(right, Y(w1));
    context.stroke();
    context.setLineDash([]);
    text(context, runs ? "the start" : "you", right, Y(w1) - 5, ink, paper, { align: "right" });
    context.lineJoin = "round";
    for (const name of [...RECIPES].sort((a, b) => (a === recipe) - (b === recipe))) {
      context.strokeStyle = name === "post" ? green : blue;
      context.lineWidth = name === recipe ? 3 : 1.75;
      context.beginPath();
      record[name].forEach((value, k) => context.lineTo(X(k * RECORDED), Y(value)));
      context.stroke();
    }
  }

  function say(game, seen, mineW1) {
    const put = (name, words) => {
      const element = frame.find(name);
      if (element.textContent !== words) element.textContent = words;
    };
    const [danielle, measured] = verdict(seen, runs ? "George's" : "your");
    put("danielle", danielle);
    put("measured", measured);
    put("why", WHY[recipe]);
    put("learn", runs ? "Once more" : "Let George learn");
    put("pause", paused ? "Go on" : "Pause");
    for (const name of RECIPES) {
      frame.find(name).setAttribute("aria-pressed", name === recipe);
      put(`score-${name}`, record[name].length ? record[name].at(-1).toFixed(2) : "–");
    }
    put("score-you", mineW1.toFixed(2));
    const pairs = (SHOWN.length * (SHOWN.length - 1)) / 2;
    const crossed = crossings(SHOWN, forge(game.curve, SHOWN));
    put("crossed", `${crossed} of ${pairs} cross`);
    if (!runs) put("race", "Both will start from your arrows.");
    else if (learnt() < ROUNDS) put("race", `Round ${learnt()} of ${ROUNDS}.`);
    else put("race", outcome());
    if (frame.root.activeElement !== seedText) seedText.value = String(seed);
    const box = hand.getBoundingClientRect();
    const { left, unit } = layout(box.width, box.height);
    game.curve.forEach((x, k) => {
      const words = `x = ${shown(x, 1)}`;
      const slider = sliders[k];
      slider.style.left = `${left + (along(PLACES[k], x, 0.5) - ENDS[0]) * unit}px`;
      if (slider.getAttribute("aria-valuetext") === words) return;
      slider.value = x;
      slider.setAttribute("aria-valuetext", words);
    });
  }

  frame.draw = () => {
    const game = current();
    const seen = measure(game);
    const mineW1 = runs ? record.post[0] : seen.w1;
    const names = ["paper", "ink", "soft", "line", "blue", "green", "orange"];
    const values = frame.colours(...names);
    const colours = Object.fromEntries(names.map((name, k) => [name, values[k]]));
    say(game, seen, mineW1);
    drawView(game, seen, colours);
    drawArrows(game, colours);
    drawChart(mineW1, colours);
  };

  new IntersectionObserver(
    frame.guarded((entries) => {
      visible = entries.at(-1).isIntersecting;
      wake();
    }),
  ).observe(frame.host);

  sow();
  return {
    get state() {
      const { curve, weights, round } = current();
      const { w1, says } = measure(current());
      return {
        seed,
        recipe,
        paused,
        round,
        w1,
        says,
        curve: [...curve],
        weights: [...weights],
        learning: Boolean(runs),
        learnt: learnt(),
        busy: busy(),
        crossings: crossings(SHOWN, forge(curve, SHOWN)),
      };
    },
    get record() {
      return { ...record };
    },
    set: frame.guarded((changes) => {
      const next = soundGeorge(Object(changes), { seed, recipe, curve: current().curve });
      const resown = next.seed !== seed;
      ({ seed, recipe } = next);
      if (resown) sow();
      if (next.curve.some((x, k) => x !== current().curve[k])) bend(next.curve);
      frame.redraw();
    }),
    learn: frame.guarded(learn),
    step: frame.guarded(step),
  };
}

if (typeof document !== "undefined") mount("be-george", build);
