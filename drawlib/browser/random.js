// Random numbers that can be told: a seed gives the same ones on every screen, and in Python.

export const MOST_SEED = 2 ** 32 - 1;

// A seed out of what was typed, or null.
export function parseSeed(text) {
  const word = text.trim().replace(/^#/, "");
  return /^\d{1,10}$/.test(word) && Number(word) <= MOST_SEED ? Number(word) : null;
}

// Numbers from 0 to 1: the generator mulberry32, which counts to 2³² and has one number as its
// whole state; so the first `skip` numbers cost nothing. `latents` in drawlib/dream_machine.py
// and `uniforms` in drawlib/game.py give the same numbers.
export function uniforms(seed, skip = 0) {
  let state = (seed + Math.imul(skip, 0x6d2b79f5)) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

// Standard normal numbers from uniform ones, two by two, after Box and Muller.
export function normals(uniform) {
  let spare = null;
  return () => {
    if (spare !== null) {
      const kept = spare;
      spare = null;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
}

// Fill arrays with standard normal numbers.
export function fillNormal(seed, arrays) {
  const normal = normals(uniforms(seed));
  for (const array of arrays) {
    for (let k = 0; k < array.length; k++) array[k] = normal();
  }
}
