// The window of DRAW, as drawlib/filterbank.py has it: pure functions on numbers.
// A matrix is { rows, columns, data }, its entries row by row in a Float64Array.

export const LOG_LIMIT = 8;

export function matrix(rows, columns, entry = () => 0) {
  const data = new Float64Array(rows * columns);
  for (let r = 0, k = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++, k++) data[k] = entry(r, c);
  }
  return { rows, columns, data };
}

export function transpose(a) {
  return matrix(a.columns, a.rows, (r, c) => a.data[c * a.columns + r]);
}

export function product(a, b) {
  const out = matrix(a.rows, b.columns);
  for (let r = 0; r < a.rows; r++) {
    for (let k = 0; k < a.columns; k++) {
      const weight = a.data[r * a.columns + k];
      if (weight === 0) continue;
      for (let c = 0; c < b.columns; c++) {
        out.data[r * b.columns + c] += weight * b.data[k * b.columns + c];
      }
    }
  }
  return out;
}

export function scale(a, factor) {
  return { rows: a.rows, columns: a.columns, data: a.data.map((value) => factor * value) };
}

export function largest(a) {
  return a.data.reduce((most, value) => Math.max(most, value), 0);
}

// exp of a logarithm kept between -8 and 8, so that it cannot overflow.
export function positive(logarithm) {
  return Math.exp(Math.min(Math.max(logarithm, -LOG_LIMIT), LOG_LIMIT));
}

// Equations 21-24, for pixels counted from 0. `five` holds g_x and g_y with their tildes, and
// the logarithms of sigma2, delta (with its tilde) and gamma.
export function windowOf(five, { size, height, width }) {
  const [gX, gY, logSigma2, logDelta, logGamma] = five;
  return {
    gX: ((width - 1) / 2) * (gX + 1),
    gY: ((height - 1) / 2) * (gY + 1),
    delta: ((Math.max(height, width) - 1) / Math.max(size - 1, 1)) * positive(logDelta),
    sigma2: positive(logSigma2),
    gamma: positive(logGamma),
  };
}

// Equations 19-20, bumps counted from 0.
export function centres(g, delta, size) {
  return Float64Array.from({ length: size }, (_, i) => g + (i - (size - 1) / 2) * delta);
}

// The listing of 2016: it counts bumps and pixels from 0, with formulas that count from 1.
export function centres2016(gTilde, delta, size, pixels) {
  const g = ((pixels + 1) / 2) * (gTilde + 1);
  return Float64Array.from({ length: size }, (_, i) => g + (i - size / 2 - 0.5) * delta);
}

// How far the grid of 2016 lies from ours: to the right, or down, where it is positive.
export function shift2016(gTilde, delta) {
  return gTilde + 1 - delta;
}

// The number that puts a window's middle at a pixel, in either grid.
export function tildeOf(middle, pixels, delta, listing) {
  return listing ? (2 * (middle + delta)) / (pixels + 1) - 1 : (2 * middle) / (pixels - 1) - 1;
}

// Equations 25-26: a row of weights over the pixels for each bump, by a softmax. The square
// at the nearest point of the image is taken out first, as the package does.
export function filters(mu, sigma2, pixels) {
  const out = matrix(mu.length, pixels);
  mu.forEach((middle, i) => {
    const nearest = Math.min(Math.max(middle, 0), pixels - 1);
    const row = out.data.subarray(i * pixels, (i + 1) * pixels);
    for (let a = 0; a < pixels; a++) {
      row[a] = -((a - nearest) * (a + nearest - 2 * middle)) / (2 * sigma2);
    }
    const most = row.reduce((x, y) => Math.max(x, y), -Infinity);
    let sum = 0;
    for (let a = 0; a < pixels; a++) sum += row[a] = Math.exp(row[a] - most);
    for (let a = 0; a < pixels; a++) row[a] /= sum;
  });
  return out;
}

// Equation 27.
export function read(image, F_y, F_x, gamma) {
  return scale(product(product(F_y, image), transpose(F_x)), gamma);
}

// Equation 29.
export function write(patch, F_y, F_x, gamma) {
  return scale(product(product(transpose(F_y), patch), F_x), 1 / gamma);
}

// All that there is to see of one window on one image.
export function look(image, five, size, listing = false) {
  const { rows: height, columns: width } = image;
  const view = windowOf(five, { size, height, width });
  const muX = listing
    ? centres2016(five[0], view.delta, size, width)
    : centres(view.gX, view.delta, size);
  const muY = listing
    ? centres2016(five[1], view.delta, size, height)
    : centres(view.gY, view.delta, size);
  const F_x = filters(muX, view.sigma2, width);
  const F_y = filters(muY, view.sigma2, height);
  const glimpse = read(image, F_y, F_x, view.gamma);
  return {
    ...view,
    muX,
    muY,
    middleX: (muX[0] + muX[size - 1]) / 2,
    middleY: (muY[0] + muY[size - 1]) / 2,
    F_x,
    F_y,
    glimpse,
    back: write(glimpse, F_y, F_x, view.gamma),
  };
}

// How a softmax's weights change with the middle of their bump: F (a - mean) / sigma2.
export function filterSlopes(F, sigma2) {
  const out = matrix(F.rows, F.columns);
  for (let i = 0; i < F.rows; i++) {
    let mean = 0;
    for (let a = 0; a < F.columns; a++) mean += a * F.data[i * F.columns + a];
    for (let a = 0; a < F.columns; a++) {
      const k = i * F.columns + a;
      out.data[k] = (F.data[k] * (a - mean)) / sigma2;
    }
  }
  return out;
}

// The squared difference between a glimpse and the poster, and how it changes when the whole
// window moves a pixel to the right (x) or down (y).
export function mismatch(image, seen, poster) {
  const { F_x, F_y, gamma, sigma2, glimpse } = seen;
  const alongX = read(image, F_y, filterSlopes(F_x, sigma2), gamma);
  const alongY = read(image, filterSlopes(F_y, sigma2), F_x, gamma);
  let value = 0;
  let x = 0;
  let y = 0;
  for (let k = 0; k < glimpse.data.length; k++) {
    const gap = glimpse.data[k] - poster.data[k];
    value += gap * gap;
    x += 2 * gap * alongX.data[k];
    y += 2 * gap * alongY.data[k];
  }
  return { value, x, y };
}

// One step down the slope: `pace` pixels, and half the pace where that led uphill.
export function descend(image, five, size, listing, poster, pace) {
  const here = look(image, five, size, listing);
  const slope = mismatch(image, here, poster);
  const steepness = Math.hypot(slope.x, slope.y);
  if (!(steepness > 1e-9)) return { five, pace: 0 };
  const span = listing ? [image.columns + 1, image.rows + 1] : [image.columns - 1, image.rows - 1];
  const next = [
    five[0] - ((pace * slope.x) / steepness) * (2 / span[0]),
    five[1] - ((pace * slope.y) / steepness) * (2 / span[1]),
    ...five.slice(2),
  ];
  const there = mismatch(image, look(image, next, size, listing), poster);
  return there.value < slope.value ? { five: next, pace } : { five, pace: pace / 2 };
}
