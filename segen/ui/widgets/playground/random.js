// Random numbers from a seed: the same seed gives the same numbers in every browser, so a run can be repeated.

/** A source of numbers: `uniform()` in [0, 1), `normal()` and, many at once, `normals(count)`. */
export function source(seed) {
  let state = seed >>> 0;
  let spare = null;
  const uniform = () => { // mulberry32, by T. Ettinger
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => { // Box and Muller: two at a time
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
  return { uniform, normal, normals: (count) => Float32Array.from({ length: count }, normal) };
}
