// Danielle and George, as drawlib/game.py plays them: pure functions on numbers.
//
// A George is nine numbers, his curve: where each of nine arrows from z ends. Between two arrows
// he goes straight. A Danielle is the perceptron of drawlib/gan.py, its 53 weights in one array.

import { normals, uniforms } from "./random.js";

export const ENDS = [-5, 5]; // of z, and of what can be printed
export const PLACES = Float64Array.from({ length: 9 }, (_, k) => -5 + (10 * k) / 8);
export const RECIPES = ["post", "transport"];
const [MU, SIGMA] = [-1, 1];
const M = 200; // notes in one lesson
const HIDDEN = [6, 5];
const SCHOOL = { rounds: 300, rate: 0.01 };
const RATE = 0.02; // of both players: the post has them at one pace
const [BETA_1, BETA_2, EPSILON] = [0.5, 0.999, 1e-7];

export function sigmoid(x) {
  return 1 / (1 + Math.exp(-x));
}

// Random numbers. Every round has its own 3 M: real notes, and two sets of z from strata.

export function luckOf(seed, round) {
  const uniform = uniforms(seed, 3 * M * round);
  const normal = normals(uniform);
  const strata = () => Float64Array.from({ length: M }, (_, i) => -5 + (10 * (i + uniform())) / M);
  const x = Float64Array.from({ length: M }, () => MU + SIGMA * normal());
  return { x, z: strata(), again: strata() };
}

// Danielle

const [A, B] = HIDDEN;
const SIZES = [A, A, A * B, B, B, 1]; // kernel, bias, kernel, bias, kernel, bias
const [W1, B1, W2, B2, W3, B3] = SIZES.map((_, k) => SIZES.slice(0, k).reduce((s, n) => s + n, 0));
const WEIGHTS = B3 + 1;

// Weights after Glorot: N(0, 2 / (fan in + fan out)); biases 0. Their luck is round −1's.
export function newDanielle(seed) {
  const normal = normals(uniforms(seed, -3 * M));
  const weights = new Float64Array(WEIGHTS);
  const fill = (from, fanIn, fanOut) => {
    for (let k = 0; k < fanIn * fanOut; k++) {
      weights[from + k] = Math.sqrt(2 / (fanIn + fanOut)) * normal();
    }
  };
  fill(W1, 1, A);
  fill(W2, A, B);
  fill(W3, B, 1);
  return weights;
}

// What the hidden units said to the x that was judged last, and the slopes on the way back.
const first = new Float64Array(A);
const second = new Float64Array(B);
const slopes = new Float64Array(A);

// Danielle's logit: large for "real".
export function logit(weights, x) {
  for (let i = 0; i < A; i++) first[i] = Math.tanh(x * weights[W1 + i] + weights[B1 + i]);
  let sum = weights[B3];
  for (let j = 0; j < B; j++) {
    let inner = weights[B2 + j];
    for (let i = 0; i < A; i++) inner += first[i] * weights[W2 + B * i + j];
    second[j] = Math.tanh(inner);
    sum += second[j] * weights[W3 + j];
  }
  return sum;
}

// Add `push` times the gradient of the logit that was asked for last, at x, to `gradient`; return
// the logit's slope in x.
function goBack(weights, x, push, gradient) {
  slopes.fill(0);
  for (let j = 0; j < B; j++) {
    const up = weights[W3 + j] * (1 - second[j] * second[j]);
    gradient[W3 + j] += push * second[j];
    gradient[B2 + j] += push * up;
    for (let i = 0; i < A; i++) {
      gradient[W2 + B * i + j] += push * up * first[i];
      slopes[i] += up * weights[W2 + B * i + j];
    }
  }
  gradient[B3] += push;
  let slope = 0;
  for (let i = 0; i < A; i++) {
    const up = slopes[i] * (1 - first[i] * first[i]);
    gradient[W1 + i] += push * up * x;
    gradient[B1 + i] += push * up;
    slope += up * weights[W1 + i];
  }
  return slope;
}

const nowhere = new Float64Array(WEIGHTS);

// The slope of log D(x): which way Danielle pushes a note, and how hard.
export function pushAt(weights, x) {
  const unsure = sigmoid(-logit(weights, x));
  return unsure * goBack(weights, x, 0, nowhere);
}

// The loss that Danielle lowers, −log D(x) − log(1 − D(G(z))), by its gradient.
export function gradientOfDanielle(weights, real, forged) {
  const gradient = new Float64Array(WEIGHTS);
  for (const x of real) {
    goBack(weights, x, -sigmoid(-logit(weights, x)) / real.length, gradient);
  }
  for (const x of forged) {
    goBack(weights, x, sigmoid(logit(weights, x)) / forged.length, gradient);
  }
  return gradient;
}

// George

// The arrow to the left of z, and how far z is on the way to the next.
function between(z) {
  const at = ((z - ENDS[0]) / (ENDS[1] - ENDS[0])) * (PLACES.length - 1);
  const k = Math.min(Math.max(Math.floor(at), 0), PLACES.length - 2);
  return [k, at - k];
}

export function forge(curve, zs) {
  return Float64Array.from(zs, (z) => {
    const [k, part] = between(z);
    return curve[k] + part * (curve[k + 1] - curve[k]); // equal ends give equal notes
  });
}

// The places of values in rising order; of equal ones, the first stays the first.
export function orderOf(values) {
  return Array.from(values, (_, k) => k).sort((a, b) => values[a] - values[b] || a - b);
}

// What each note's number is moved by, were it free: the gradient of −log D(G(z)), or that of
// the squared distance to its partner when both piles are sorted; for one note of many, times M.
export function gradientOfNotes(recipe, weights, forged, real) {
  if (recipe === "post") return Float64Array.from(forged, (x) => -pushAt(weights, x));
  const sorted = Float64Array.from(real).sort();
  const gradient = new Float64Array(forged.length);
  orderOf(forged).forEach((k, rank) => {
    gradient[k] = 2 * (forged[k] - sorted[rank]);
  });
  return gradient;
}

// The gradient of the nine numbers, out of that of the notes.
export function gradientOfCurve(zs, notes) {
  const gradient = new Float64Array(PLACES.length);
  zs.forEach((z, i) => {
    const [k, part] = between(z);
    gradient[k] += (notes[i] * (1 - part)) / zs.length;
    gradient[k + 1] += (notes[i] * part) / zs.length;
  });
  return gradient;
}

// Lessons

export function newAdam(size) {
  return { m: new Float64Array(size), v: new Float64Array(size), t: 0 };
}

// One step of Adam, as Keras takes it.
function step(values, gradient, adam, rate) {
  adam.t += 1;
  const pace = (rate * Math.sqrt(1 - BETA_2 ** adam.t)) / (1 - BETA_1 ** adam.t);
  for (let k = 0; k < values.length; k++) {
    adam.m[k] += (1 - BETA_1) * (gradient[k] - adam.m[k]);
    adam.v[k] += (1 - BETA_2) * (gradient[k] * gradient[k] - adam.v[k]);
    values[k] -= (pace * adam.m[k]) / (Math.sqrt(adam.v[k]) + EPSILON);
  }
}

// A game before its first round: Danielle has been to school, against a George who prints z.
export function newGame(seed, curve = PLACES) {
  const weights = newDanielle(seed);
  const adam = newAdam(WEIGHTS);
  for (let round = 0; round < SCHOOL.rounds; round++) {
    const { x, z } = luckOf(seed, round);
    step(weights, gradientOfDanielle(weights, x, z), adam, SCHOOL.rate);
  }
  return {
    curve: Float64Array.from(curve),
    weights,
    danielle: newAdam(WEIGHTS),
    george: newAdam(PLACES.length),
    round: SCHOOL.rounds,
  };
}

const copyOfAdam = ({ m, v, t }) => ({ m: m.slice(), v: v.slice(), t });

// The same game once more; George's own memory of earlier lessons is left behind.
export function copyOf({ curve, weights, danielle, round }) {
  return {
    curve: curve.slice(),
    weights: weights.slice(),
    danielle: copyOfAdam(danielle),
    george: newAdam(PLACES.length),
    round,
  };
}

// One round: Danielle learns, and then, where there is a recipe, George does.
export function playRound(game, luck, recipe = null) {
  const { x, z, again } = luck;
  const lesson = gradientOfDanielle(game.weights, x, forge(game.curve, z));
  step(game.weights, lesson, game.danielle, RATE);
  if (recipe) {
    const notes = gradientOfNotes(recipe, game.weights, forge(game.curve, again), x);
    step(game.curve, gradientOfCurve(again, notes), game.george, RATE);
    for (let k = 0; k < PLACES.length; k++) {
      game.curve[k] = Math.min(Math.max(game.curve[k], ENDS[0]), ENDS[1]);
    }
  }
  game.round += 1;
}

// Measures

// The x below which a share u of all real notes lies. The distribution function is a series, and
// Newton's method turns it round; from the middle outwards he never overshoots.
export function quantile(u) {
  if (u > 0.5) return 2 * MU - quantile(1 - u);
  let t = 0;
  for (let k = 0; k < 100; k++) {
    const bell = Math.exp((-t * t) / 2) / Math.sqrt(2 * Math.PI);
    let [term, sum] = [t, t];
    for (let n = 3; Math.abs(term) > 1e-17; n += 2) {
      term *= (t * t) / n;
      sum += term;
    }
    const change = (0.5 + bell * sum - u) / bell;
    t -= change;
    if (Math.abs(change) < 1e-14) break;
  }
  return MU + SIGMA * t;
}

const evenly = (n) => Float64Array.from({ length: n }, (_, i) => (i + 0.5) / n);

export const SHOWN = evenly(40).map((u) => 10 * u - 5); // the z whose arrows are drawn
export const SHOWN_REAL = evenly(40).map(quantile);
const Z_EVEN = evenly(2000).map((u) => 10 * u - 5); // no luck in them
const X_EVEN = evenly(2000).map(quantile);
const Z_ASKED = evenly(200).map((u) => 10 * u - 5);

// George's notes: how far from real ones (W1), mean, deviation, and what Danielle says to them.
export function measure({ curve, weights }) {
  const notes = forge(curve, Z_EVEN);
  const mean = notes.reduce((sum, x) => sum + x, 0) / notes.length;
  const square = notes.reduce((sum, x) => sum + (x - mean) ** 2, 0) / notes.length;
  notes.sort();
  const w1 = notes.reduce((sum, x, k) => sum + Math.abs(x - X_EVEN[k]), 0) / notes.length;
  const some = forge(curve, Z_ASKED);
  const says = some.reduce((sum, x) => sum + sigmoid(logit(weights, x)), 0) / some.length;
  return { notes, w1, mean, deviation: Math.sqrt(square), says };
}

// The density of notes that stand in rising order, in 40 bins from −5 to 5.
export function density(notes) {
  const bins = new Float64Array(40);
  for (const x of notes) bins[Math.min(Math.max(Math.floor((x + 5) * 4), 0), 39)] += 1;
  return bins.map((count) => (4 * count) / notes.length);
}

export function bell(x) {
  return Math.exp(-(((x - MU) / SIGMA) ** 2) / 2) / (SIGMA * Math.sqrt(2 * Math.PI));
}

// Pairs of arrows of which one starts to the left of the other, and ends to its right.
export function crossings(zs, xs) {
  let count = 0;
  for (let i = 0; i < zs.length; i++) {
    for (let j = 0; j < zs.length; j++) if (zs[i] < zs[j] && xs[i] > xs[j]) count += 1;
  }
  return count;
}

// What is seen, in two sentences. D at ½ proves nothing: the second measures George.
export function verdict({ says, w1, mean, deviation }, whose) {
  const said = says.toFixed(2);
  const good = w1 <= 0.1;
  const fooled = says >= 0.4;
  const danielle = fooled
    ? `Danielle is fooled: she says ${said} to ${whose} notes.`
    : `Danielle sees through ${whose} notes: she says ${said} to them.`;
  const measured = w1.toFixed(2);
  if (good && fooled) return [danielle, `And W₁ = ${measured}: rightly so, it is good money.`];
  if (good) return [danielle, `Yet W₁ = ${measured}: it is good money.`];
  const off = Math.abs(mean - MU);
  const spread = Math.abs(deviation - SIGMA);
  let fault = w1 > 0.25 ? "the notes are not where real ones are" : "near, but not there";
  if (off > 0.25 && off > spread) fault = `the numbers are too ${mean > MU ? "large" : "small"}`;
  else if (spread > 0.25) fault = `the notes are too ${deviation < SIGMA ? "alike" : "far apart"}`;
  return [danielle, `${fooled ? "But" : "And"} W₁ = ${measured}: ${fault}.`];
}
