// Colours: every corner of every zone gets a place from 0 to 1 on a ramp of 256 colours.

const VIRIDIS = ['#440154', '#482878', '#3e4a89', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];
const COLOURINGS = { island: 'island', pattern: 'pattern', map: 'affine map', value: 'activation value' };

function theme() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const names = ['page', 'surface', 'quiet', 'line', 'ink', 'soft', 'accent', 'second'];
  return Object.assign(Object.fromEntries(names.map((name) => [name, read(name)])), { zones: read('zones').split(/\s+/) });
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const hexOf = (rgb) => `#${rgb.map((entry) => Math.round(entry).toString(16).padStart(2, '0')).join('')}`;

/** The colour at a place from 0 to 1 between stops. */
function between(stops, at) {
  const scaled = Math.min(1, Math.max(0, at)) * (stops.length - 1);
  const k = Math.min(stops.length - 2, Math.floor(scaled));
  const [a, b] = [channels(stops[k]), channels(stops[k + 1])];
  return hexOf(a.map((entry, j) => entry + (scaled - k) * (b[j] - entry)));
}

const colourAt = (ramp, place) => ramp[Math.floor(Math.min(1, Math.max(0, place)) * 255.99)];

/** One way to colour zones: `ramp` (256 colours) and `places(shape)` (from 0 to 1 per corner). */
class Colouring {
  constructor(mode, space, range, colours) {
    this.mode = mode;
    this.continuous = mode === 'value';
    this.range = range;
    const steps = colours.zones.length;
    this.ramp = Array.from({ length: 256 }, (_, k) =>
      this.continuous ? between(VIRIDIS, k / 255) : colours.zones[Math.min(steps - 1, Math.floor((k * steps) / 256))]);
    this.numbers = this.continuous ? null : space.colours[mode];
    this.steps = steps;
  }

  place(zone, value) {
    if (!this.continuous) return ((this.numbers[zone] % this.steps) + 0.5) / this.steps;
    const [low, high] = this.range;
    return high > low ? (value - low) / (high - low) : 0.5;
  }

  places(shape) {
    return Float32Array.from(shape.zoneOf, (zone, k) => this.place(zone, shape.values[k]));
  }

  colour(zone) {
    return colourAt(this.ramp, this.place(zone, 0));
  }
}
