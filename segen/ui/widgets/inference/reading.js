// How a picture becomes what a network sees, as preprocessing.py reads it: RGBA of any size to one plane of values in
// [-1, 1] for each channel.

const DARKEST = 200; // a drawing whose darkest pixel is brighter than this is taken for empty
const FAINTEST = 8; // levels of 255: less contrast than this is not stretched to all of it
const GAMMA = 0.6;
const BETWEEN = [32, 223]; // a pixel between these levels is neither black nor white
const MOST_BETWEEN = 0.2; // a share of such pixels above this is that of a picture, not of a mask

const channel = (pixels, number) => Float32Array.from({ length: pixels.length / 4 }, (_, i) => pixels[4 * i + number]);
const mean = (pixels) =>
  Float32Array.from({ length: pixels.length / 4 }, (_, i) => (pixels[4 * i] + pixels[4 * i + 1] + pixels[4 * i + 2]) / 3);
const plane = (levels) => levels.map((level) => level / 127.5 - 1);

/** The value below which a share of all values lies, between neighbours in proportion, as NumPy has it. */
function quantile(sorted, share) {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
}

const photograph = (pixels) => [0, 1, 2].map((number) => plane(channel(pixels, number)));

/** The level at which two groups of levels differ most, as Otsu (1979) has it: the last of the darker group. */
function otsu(levels) {
  const counts = new Float64Array(256);
  for (const level of levels) counts[level] += 1;
  const sum = levels.reduce((total, level) => total + level, 0);
  let [below, sumBelow, most, threshold] = [0, 0, -1, 127];
  for (let level = 0; level < 256; level += 1) {
    below += counts[level];
    sumBelow += counts[level] * level;
    const above = levels.length - below;
    if (!below || !counts[level]) continue;
    if (!above) break;
    const apart = below * above * (sumBelow / below - (sum - sumBelow) / above) ** 2;
    if (apart > most) [most, threshold] = [apart, level];
  }
  return threshold;
}

/** The brightness of each pixel of RGBA, 0 to 255. */
const light = (pixels) => mean(pixels).map(Math.round);

/** Whether such levels are black and white, but for borders, as kinds.py has it. */
function isMask(levels) {
  const between = levels.filter((level) => level > BETWEEN[0] && level < BETWEEN[1]).length;
  return between <= MOST_BETWEEN * levels.length;
}

/** Whether RGBA is no mask, but a picture that is made one for a network that reads masks. */
export const thresholded = (reads, pixels) => reads === "grey" && !isMask(light(pixels));

/** A mask as it is; what is none, but a picture, is made one. */
function grey(pixels) {
  const levels = light(pixels);
  if (isMask(levels)) return [plane(levels)];
  const threshold = otsu(levels);
  return [plane(levels.map((level) => (level > threshold ? 255 : 0)))];
}

/** The contrast stretched from the 1st to the 99.8th percentile, bright on a dark ground. */
function microscopy(pixels) {
  let levels = mean(pixels);
  let sorted = levels.slice().sort();
  if (quantile(sorted, 0.5) > (quantile(sorted, 0.01) + quantile(sorted, 0.998)) / 2) {
    levels = levels.map((level) => 255 - level);
    sorted = levels.slice().sort();
  }
  const [low, high] = [quantile(sorted, 0.01), quantile(sorted, 0.998)];
  const unit = (level) => Math.min(1, Math.max(0, (level - low) / Math.max(high - low, FAINTEST))) ** GAMMA;
  return [plane(levels.map((level) => Math.round(255 * unit(level))))];
}

/** A drawing's darkest line black on a white ground; bright on dark is turned into its negative first. */
function lines(pixels) {
  let levels = mean(pixels);
  let ground = quantile(levels.slice().sort(), 0.5);
  if (ground < 128) {
    levels = levels.map((level) => 255 - level);
    ground = 255 - ground;
  }
  const darkest = levels.reduce((least, level) => Math.min(least, level), 255);
  if (darkest > DARKEST || ground <= darkest) return [plane(levels.fill(255))];
  const unit = (level) => Math.min(1, Math.max(0, (level - darkest) / (ground - darkest)));
  return [plane(levels.map((level) => Math.round(255 * unit(level))))];
}

/** By the name that a card gives. */
export const READ = { photograph, grey, microscopy, lines };
