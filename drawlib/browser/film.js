// A recorded training, as drawlib/scrubber.py packs it: unpacking, and where things lie.

import { clamp } from "./core.js";
import { unpacked } from "./packing.js";

const GREYS = 16;

// A moment that can be shown, whatever was given: what is no number changes nothing.
export function soundStep(given, now, count) {
  return Math.round(clamp(given, [0, count - 1], now));
}

// Grey levels from 0 to 15, picture after picture and moment after moment, out of their changes:
// see `changes` in drawlib/scrubber.py.
export function levelsOf({ shape, ...packed }, name = "images") {
  const [count, pictures, height, width] = shape;
  const pixels = pictures * height * width;
  const pairs = unpacked(packed, count, pixels / 2, name);
  const levels = new Uint8Array(count * pixels);
  for (let k = 0; k < pairs.length; k++) {
    const at = 2 * k;
    const before = at < pixels ? [0, 0] : [levels[at - pixels], levels[at - pixels + 1]];
    levels[at] = (before[0] + Math.floor(pairs[k] / GREYS)) % GREYS;
    levels[at + 1] = (before[1] + pairs[k]) % GREYS;
  }
  return { count, pictures, height, width, levels };
}

// The numbers of every moment, or of the only one.
function momentsOf(packed, count, name) {
  const rows = packed?.rows === 1 ? 1 : count;
  const numbers = unpacked(packed, rows, packed?.columns, name);
  const columns = packed.columns;
  return {
    columns,
    at: (step) => numbers.subarray(columns * (rows === 1 ? 0 : step)).subarray(0, columns),
  };
}

function panelOf(panel, count) {
  const lines = (given) =>
    given.map((line) => ({ ...line, values: momentsOf(line.values, count, line.name) }));
  switch (panel.kind) {
    case "plot":
      return { ...panel, lines: lines(panel.lines), bars: lines(panel.bars) };
    case "arrows": {
      const z = momentsOf(panel.z, 1, "z").at(0);
      return { ...panel, z, x: momentsOf(panel.x, count, "x") };
    }
    case "curves":
      return {
        ...panel,
        lines: panel.lines.map((line) => ({
          ...line,
          values: unpacked(line.values, 1, count, line.name),
        })),
      };
    case "sheet":
      return { ...panel, images: levelsOf(panel.images, panel.title) };
    default:
      throw new Error(`expected a panel of a known kind; received ${panel.kind}`);
  }
}

export function filmOf({ rows, times, words, ticks, unit }) {
  const count = times.length;
  if (!(count >= 2) || words.length !== count) {
    throw new Error(`expected a sentence for each of ${count} moments; received ${words.length}`);
  }
  return {
    count,
    times,
    words,
    ticks,
    unit,
    rows: rows.map((row) => ({
      ...row,
      panels: row.panels.map((panel) => panelOf(panel, count)),
    })),
  };
}

// Where the panels of a row lie on a picture `width` wide whose top is given: the same as
// `row_of` in drawlib/scrubber_still.py has it.
export function placesOf({ panels, legend, titled, fixed, share }, width, top, { gap, line }) {
  const wide = (width - gap * (panels.length - 1)) / panels.length;
  const bottom = top + fixed + share * width - gap;
  const several = panels.length > 1 || !titled;
  return {
    legend: top + (several ? 0 : line),
    title: top + (several && legend.length ? line : 0),
    boxes: panels.map((_, k) => {
      const from = top + line * (Number(titled) + Number(legend.length > 0));
      return [k * (wide + gap), from, wide, bottom - from];
    }),
    next: bottom + gap,
  };
}

// How high, from 0 to 1, a number lies between two others; a logarithm's ends are above 0.
export function heightOf(value, [low, high], log = false) {
  const f = log ? (x) => Math.log(Math.max(x, low)) : (x) => x;
  return clamp((f(value) - f(low)) / (f(high) - f(low)), [0, 1]);
}
