// Exact numbers of zones in the plane that follow from the network and the zones' patterns, in integers of any size.

const ROUNDINGS = [0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32]; // binary digits of a sample point

const size = (entry) => (entry < 0n ? -entry : entry);
function divisor(a, b) {
  while (b) [a, b] = [b, a % b];
  return size(a);
}
const multiple = (a, b) => (a / divisor(a, b)) * b;

/** Integers without a common factor. */
function primitive(row) {
  const common = row.reduce(divisor, 0n);
  return common ? row.map((entry) => entry / common) : row;
}

/** p/q as text, for a positive q. */
function quotient(p, q) {
  const common = divisor(p, q);
  return q === common ? String(p / common) : `${p / common}/${q / common}`;
}

/** Rows of texts as rows of integers over the smallest common denominator. */
function overCommon(texts) {
  const pairs = texts.map((row) => row.map((text) => text.split('/').map(BigInt)));
  const scale = pairs.flat().reduce((common, [, q = 1n]) => multiple(common, q), 1n);
  return { rows: pairs.map((row) => row.map(([p, q = 1n]) => p * (scale / q))), scale };
}

/** The value of a row b, a_1, a_2 at a homogeneous point. */
const at = (row, point) => row.reduce((sum, entry, k) => sum + entry * point[k], 0n);

const inOrder = (one, other) => {
  const k = one.findIndex((entry, j) => entry !== other[j]);
  return k < 0 ? 0 : one[k] < other[k] ? -1 : 1;
};
const byPlace = ([w, ...one], [v, ...other]) => inOrder(one.map((entry) => entry * v), other.map((entry) => entry * w));

/** The part of a polygon, a list of { point, row } with the row of the edge that follows the point, where a row is not negative. */
function clipped(polygon, row) {
  const values = polygon.map(({ point }) => at(row, point));
  if (values.every((value) => value >= 0n)) return polygon;
  return polygon.flatMap((corner, k) => {
    const next = (k + 1) % polygon.length, [here, there] = [values[k], values[next]];
    const crossing = () => primitive(corner.point.map((entry, j) => size(there) * entry + size(here) * polygon[next].point[j]));
    if (here < 0n) return there > 0n ? [{ point: crossing(), row: corner.row }] : [];
    if (there >= 0n) return [corner];
    return here === 0n ? [{ point: corner.point, row }] : [corner, { point: crossing(), row }];
  });
}

class Facts {
  /** @param exact the network and the domain; it gets the zones' exact numbers, as pages with few zones have them. */
  constructor(exact, patterns, flat) {
    this.exact = Object.assign(exact, { points: [], zones: [] });
    this.patterns = patterns;
    this.flat = flat && overCommon(flat.rows);
    if (flat) exact.lifted = [];
    this.layers = exact.layers.map(({ rows, relu }) => ({ ...overCommon(rows), relu }));
    this.threshold = overCommon([[exact.threshold]]);
    const sides = overCommon(exact.domain.rows).rows.map(primitive);
    const corners = exact.domain.corners.map((corner) => { const { rows: [point], scale } = overCommon([corner]); return [scale, ...point]; });
    this.domain = corners.map((point, k) => ({ point, row: sides.find((side) => !at(side, point) && !at(side, corners[(k + 1) % corners.length])) }));
    this.numbers = new Map();
  }

  /** The rows of all hidden neurons on a zone, positive multiples of their values there, and the function that decides. */
  affine(zone) {
    const signs = [...this.patterns[zone].replaceAll(' ', '')];
    let [values, scale] = [[[0n, 1n, 0n], [0n, 0n, 1n]], 1n];
    const neurons = [];
    this.layers.forEach((layer, k) => {
      const rows = layer.rows.map(([constant, ...weights]) => weights.reduce(
        (sum, weight, j) => (weight ? sum.map((entry, axis) => entry + weight * values[j][axis]) : sum), [constant * scale, 0n, 0n]));
      scale *= layer.scale;
      if (k === this.layers.length - 1) [values] = [rows];
      else values = rows.map((row, unit) => {
        if (!layer.relu[unit]) return row;
        const sign = signs.shift();
        neurons.push(primitive(sign === '+' ? row : row.map((entry) => -entry)));
        return sign === '+' ? row : [0n, 0n, 0n];
      });
    });
    return { neurons, target: values[0], scale };
  }

  /** The number of a homogeneous point. */
  number([weight, ...place]) {
    const texts = place.map((entry) => quotient(entry, weight)), key = texts.join();
    if (!this.numbers.has(key)) {
      this.numbers.set(key, this.exact.points.push(texts) - 1);
      if (this.flat) this.exact.lifted.push(this.flat.rows.map((row) => quotient(at(row, [weight, ...place]), weight * this.flat.scale)));
    }
    return this.numbers.get(key);
  }

  /** The mean of points, rounded to as few binary digits as leave it inside. */
  sample(polygon) {
    const common = polygon.reduce((product, { point: [weight] }) => multiple(product, weight), 1n), whole = common * BigInt(polygon.length);
    const mean = [1, 2].map((axis) => polygon.reduce((sum, { point }) => sum + point[axis] * (common / point[0]), 0n));
    for (const digits of ROUNDINGS) {
      const unit = 1n << BigInt(digits), point = [unit, ...mean.map((entry) => nearest(entry * unit, whole))];
      if (polygon.every(({ row }) => at(row, point) > 0n)) return this.number(point);
    }
    return this.number([whole, ...mean]);
  }

  /** The exact numbers of a zone. */
  zone(zone) {
    const { exact } = this;
    if (exact.zones[zone]) return exact.zones[zone];
    const { neurons, target, scale } = this.affine(zone);
    const cell = neurons.reduce((polygon, row) => (row.slice(1).some(Boolean) ? clipped(polygon, row) : polygon), this.domain);
    const part = clipped(cell, target), { rows: [[below]], scale: over } = this.threshold;
    const entry = {
      inequalities: cell.map(({ row }) => row).sort(inOrder).map((row) => row.map(String)),
      conditions: [[...target.map((value) => quotient(value, scale)), '>']],
      vertices: cell.map(({ point }) => point).sort(byPlace).map((point) => this.number(point)),
      sample: this.sample(part),
      function: [quotient(target[0] * over + below * scale, scale * over), ...target.slice(1).map((value) => quotient(value, scale))],
    };
    if (part !== cell) entry.fires = { vertices: part.map(({ point }) => this.number(point)) };
    return (exact.zones[zone] = entry);
  }

  /** The row of the hyperplane of the facet that two zones share. */
  facet(a, b) {
    const [one, other] = [a, b].map((zone) => this.patterns[zone].replaceAll(' ', ''));
    const row = this.affine(a).neurons[[...one].findIndex((sign, k) => sign !== other[k])], back = row.map((entry) => -entry);
    return (inOrder(row, back) < 0 ? back : row).map(String);
  }
}

/** p/q rounded to the nearest integer, half to even, for a positive q. */
function nearest(p, q) {
  const [twice, half] = [2n * p + q, 2n * q], down = twice / half - (twice % half < 0n ? 1n : 0n);
  return twice % half === 0n && down % 2n ? down - 1n : down;
}
