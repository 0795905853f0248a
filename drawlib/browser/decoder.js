// DRAW's decoder, as drawlib/draw_network.py has it, and how its latents are mixed: pure
// functions on numbers.

import { centres, filters, windowOf, write } from "./filterbank.js";
import { unpacked } from "./packing.js";

// A place on the disc, [a, b], mixes a dream with two others so that the mixture is as likely
// as each of them: √(1 − a² − b²) z + a u + b v.
export function mixed(out, z, u, v, [a, b], temperature) {
  const rest = Math.sqrt(Math.max(1 - a * a - b * b, 0));
  for (let k = 0; k < z.length; k++) out[k] = temperature * (rest * z[k] + a * u[k] + b * v[k]);
  return out;
}

// Unpacking

// Put a kernel down output by output, times its scales: what one output needs lies together.
function laid(kernel, rows, columns, scale, out, width, from) {
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) {
      out[c * width + from + r] = kernel[r * columns + c] * (scale ? scale[c] : 1);
    }
  }
}

// A network out of what `_packed` in drawlib/dream_machine.py wrote.
export function networkOf(given) {
  const { layers, steps, latent, units, side, size } = given;
  for (const [name, value] of Object.entries({ steps, latent, units, side })) {
    if (!(Number.isInteger(value) && value > 0)) {
      throw new Error(`expected ${name} to be a whole number; received ${value}`);
    }
  }
  const layer = (name, rows, columns) => unpacked(layers[name], rows, columns, name);
  const linear = (name, columns) => {
    const kernel = new Float32Array(columns * units);
    const scale = layers[`${name}_scale`] && layer(`${name}_scale`, 1, columns);
    laid(layer(name, units, columns), units, columns, scale, kernel, units, 0);
    return { kernel, bias: layer(`${name}_bias`, 1, columns) };
  };
  const [gates, width] = [4 * units, latent + units];
  const kernel = new Float32Array(gates * width);
  laid(layer("decoder_z", latent, gates), latent, gates, null, kernel, width, 0);
  const scale = layer("decoder_h_scale", 1, gates);
  laid(layer("decoder_h", units, gates), units, gates, scale, kernel, width, latent);
  return {
    steps,
    latent,
    units,
    side,
    size,
    decoder: { kernel, bias: layer("decoder_bias", 1, gates) },
    patch: linear("write_patch", size ? size * size : side * side),
    window: size ? linear("write_window", 5) : null,
    // Room for what a dream needs while it is drawn.
    input: new Float32Array(width),
    cell: new Float32Array(units),
    gates: new Float32Array(gates),
    written: new Float32Array(size ? size * size : side * side),
    five: new Float32Array(5),
  };
}

// One output after another: the sum of its kernel's numbers times the input's, and its bias.
function apply({ kernel, bias }, input, from, out) {
  const width = input.length - from;
  for (let j = 0, k = 0; j < out.length; j++) {
    let [one, two] = [bias[j], 0];
    const last = k + width - 1;
    let i = from;
    for (; k < last; k += 2, i += 2) {
      one += kernel[k] * input[i];
      two += kernel[k + 1] * input[i + 1];
    }
    if (k === last) one += kernel[k++] * input[i];
    out[j] = one + two;
  }
}

export const sigmoid = (x) => 1 / (1 + Math.exp(-x));

// Draw one dream. `z` holds a step's latents after another's; `canvases` receives T + 1
// pictures in logits, of which the first is blank, and `windows` the g_x, g_y, delta, sigma2 and
// gamma of each step, in pixels. Equations 7, 8, 18 and 29.
export function drawDream(network, z, canvases, windows) {
  const { steps, latent, units, side, size, input, cell, gates, written, five } = network;
  const pixels = side * side;
  input.fill(0);
  cell.fill(0);
  canvases.fill(0, 0, pixels);
  for (let t = 0; t < steps; t++) {
    for (let k = 0; k < latent; k++) input[k] = z[t * latent + k];
    apply(network.decoder, input, 0, gates);
    for (let k = 0; k < units; k++) {
      const [i, f, g, o] = [gates[k], gates[units + k], gates[2 * units + k], gates[3 * units + k]];
      cell[k] = sigmoid(f) * cell[k] + sigmoid(i) * Math.tanh(g);
      input[latent + k] = sigmoid(o) * Math.tanh(cell[k]);
    }
    apply(network.patch, input, latent, written);
    let patch = written;
    if (size) {
      apply(network.window, input, latent, five);
      const view = windowOf(five, { size, height: side, width: side });
      const F_x = filters(centres(view.gX, view.delta, size), view.sigma2, side);
      const F_y = filters(centres(view.gY, view.delta, size), view.sigma2, side);
      patch = write({ rows: size, columns: size, data: written }, F_y, F_x, view.gamma).data;
      windows.set([view.gX, view.gY, view.delta, view.sigma2, view.gamma], 5 * t);
    }
    const [before, now] = [t * pixels, (t + 1) * pixels];
    for (let k = 0; k < pixels; k++) canvases[now + k] = canvases[before + k] + patch[k];
  }
}
