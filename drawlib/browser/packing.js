// Numbers in few characters, as `packed` in drawlib/quantize.py writes them.

function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let k = 0; k < text.length; k++) bytes[k] = text.charCodeAt(k);
  return bytes;
}

// Read numbers in Huffman's code, whose words count up within a length: see `shortest_code` in
// drawlib/quantize.py.
export function decoded({ counts, symbols, bytes: base64 }, length) {
  const bytes = bytesOf(base64);
  const out = new Float32Array(length);
  const bits = 8 * bytes.length;
  let at = 0;
  for (let k = 0; k < length; k++) {
    let word = 0;
    let first = 0; // the first word of this length, and its place among the symbols
    let index = 0;
    let size = 0;
    for (;;) {
      if (at >= bits || size >= counts.length) {
        throw new Error(`expected ${length} numbers; received ${k} and no more`);
      }
      word |= (bytes[at >> 3] >> (7 - (at & 7))) & 1;
      at++;
      const count = counts[size++];
      if (word - first < count) break;
      index += count;
      first = (first + count) << 1;
      word <<= 1;
    }
    out[k] = symbols[index + word - first];
  }
  if (bits - at > 7) throw new Error(`expected ${length} numbers; received more`);
  return out;
}

// The numbers of one layer, row by row.
export function unpacked(packed, rows, columns, name = "a layer") {
  if (!packed || packed.rows !== rows || packed.columns !== columns) {
    const received = packed ? `${packed.rows}×${packed.columns}` : "nothing";
    throw new Error(`expected ${name} to be ${rows}×${columns}; received ${received}`);
  }
  const length = rows * columns;
  if (packed.counts) return decoded(packed, length);
  const bytes = bytesOf(packed.bytes);
  if (bytes.length !== 2 * length) {
    throw new Error(`expected ${2 * length} bytes for ${name}; received ${bytes.length}`);
  }
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length }, (_, k) => packed.unit * view.getInt16(2 * k, true));
}
