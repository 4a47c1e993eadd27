// Shapes: the polygons (rings of corners) of all zones in flat arrays, and the search for the zone at a point.

class Shape {
  /** @param zones per zone its rings, lists of corners {at: coordinates, value: of the feature}. */
  constructor(dim, zones) {
    this.dim = dim;
    this.count = zones.length;
    const points = [], values = [], zoneOf = [];
    this.firstRing = new Int32Array(zones.length + 1);
    const firstCorner = [0];
    zones.forEach((rings, zone) => {
      for (const ring of rings) {
        for (const { at, value } of ring) {
          points.push(...at);
          values.push(value);
          zoneOf.push(zone);
        }
        firstCorner.push(zoneOf.length);
      }
      this.firstRing[zone + 1] = firstCorner.length - 1;
    });
    this.firstCorner = Int32Array.from(firstCorner);
    this.points = Float64Array.from(points);
    this.values = Float64Array.from(values);
    this.zoneOf = Int32Array.from(zoneOf);
  }

  ringsOf(zone) {
    const rings = [];
    for (let ring = this.firstRing[zone]; ring < this.firstRing[zone + 1]; ring++) rings.push(this.ring(ring));
    return rings;
  }

  ring(number) {
    const corners = [];
    for (let k = this.firstCorner[number]; k < this.firstCorner[number + 1]; k++) corners.push(this.points.subarray(k * this.dim, (k + 1) * this.dim));
    return corners;
  }

  get ringCount() { return this.firstCorner.length - 1; }

  /** The triangles that fill the rings, as corner numbers; `edges` is set along with them. */
  get triangles() {
    if (!this.fans) {
      const fans = [], edges = [];
      for (let ring = 0; ring < this.ringCount; ring++) {
        const [start, stop] = [this.firstCorner[ring], this.firstCorner[ring + 1]];
        for (let k = start + 1; k + 1 < stop; k++) fans.push(start, k, k + 1);
        if (stop - start > 2) for (let k = start; k < stop; k++) edges.push(k, k + 1 < stop ? k + 1 : start);
      }
      this.fans = Uint32Array.from(fans);
      this.edges = Uint32Array.from(edges);
    }
    return this.fans;
  }

  /** The smallest box [low, high] around zones; by default around all. */
  box(zones) {
    const low = new Array(this.dim).fill(Infinity), high = new Array(this.dim).fill(-Infinity);
    const from = (start, stop) => {
      for (let k = start; k < stop; k++)
        for (let axis = 0; axis < this.dim; axis++) {
          const entry = this.points[k * this.dim + axis];
          low[axis] = Math.min(low[axis], entry);
          high[axis] = Math.max(high[axis], entry);
        }
    };
    if (!zones) from(0, this.zoneOf.length);
    else for (const zone of zones) from(this.firstCorner[this.firstRing[zone]], this.firstCorner[this.firstRing[zone + 1]]);
    return [low, high];
  }
}

const evaluate = (row, at) => row.reduce((sum, entry, k) => sum + (k ? entry * at[k - 1] : entry), 0);

/** An interval of a one-dimensional space as the area between the feature's graph and its threshold. */
function underGraph(ring, row, threshold) {
  const [start, stop] = [ring[0], ring[ring.length - 1]];
  const corner = (at, up) => ({ at: [at[0], up], value: evaluate(row, at) });
  const [a, b] = [corner(start, threshold), corner(stop, threshold)];
  return start[0] === stop[0] ? [a] : [a, b, corner(stop, b.value), corner(start, a.value)];
}

/** The parts of a space that fire, or other rings (the closed cells), as a shape to draw: 1-D becomes a graph in 2-D. */
function shapeOf(space, threshold, which = space.rings) {
  const zones = which.map((rings, zone) => {
    const row = space.functions[zone];
    const real = (rings ?? space.rings[zone]).map((ring) => ring.map((k) => space.corners[k]));
    if (space.dim === 1) return real.map((ring) => underGraph(ring, row, threshold));
    return real.map((ring) => ring.map((at) => ({ at, value: evaluate(row, at) })));
  });
  return new Shape(Math.max(2, space.dim), zones);
}

/** The facets that only one zone has: the outer surface. `rings`: corner numbers of the facets of each zone. */
function outerRings(rings) {
  const key = (ring) => [...ring].sort((a, b) => a - b).join();
  const times = new Map();
  for (const ring of rings.flat()) times.set(key(ring), (times.get(key(ring)) ?? 0) + 1);
  return rings.map((facets) => facets.filter((ring) => times.get(key(ring)) === 1));
}

/** The segments at which a surface bends: edges of facets (corner numbers) whose normals differ, each once. */
function creases(facets, corners) {
  const normals = new Map();
  for (const ring of facets) {
    const [u, v] = [1, 2].map((k) => corners[ring[k] ?? ring[0]].map((entry, axis) => entry - corners[ring[0]][axis]));
    const across = [0, 1, 2].map((k) => u[(k + 1) % 3] * v[(k + 2) % 3] - u[(k + 2) % 3] * v[(k + 1) % 3]), size = Math.hypot(...across) || 1;
    ring.forEach((corner, k) => {
      const edge = [corner, ring[(k + 1) % ring.length]].sort((a, b) => a - b).join();
      normals.set(edge, [...(normals.get(edge) ?? []), across.map((entry) => entry / size)]);
    });
  }
  const bends = ([first, ...others]) => !others.length || others.some((other) => Math.abs(other.reduce((sum, entry, k) => sum + entry * first[k], 0)) < 1 - 1e-6);
  return [...normals].filter(([, around]) => bends(around)).map(([edge]) => edge.split(',').map((corner) => corners[corner]));
}

/** The mean of a ring's corners. */
const centre = (ring) => [...ring[0]].map((_, axis) => ring.reduce((sum, at) => sum + at[axis], 0) / ring.length);

/** The images of the zones of the input space in a latent space. */
function imageOf(main, latent, threshold) {
  const zones = main.rings.map((rings, zone) => {
    const images = rings.map((ring) => ring.map((k) => latent.images[zone].map((row) => evaluate(row, main.corners[k]))));
    if (latent.dim > 1)
      return images.map((ring, r) => ring.map((at, k) => ({ at, value: evaluate(main.functions[zone], main.corners[rings[r][k]]) })));
    const target = latent.targets[zone], all = images.flat().sort((a, b) => a[0] - b[0]);
    return target < 0 || !all.length ? [] : [underGraph([all[0], all[all.length - 1]], latent.functions[target], threshold)];
  });
  return new Shape(Math.max(2, latent.dim), zones);
}

/** Finds the zone at a point of the plane: a grid of candidate lists, then a test of each candidate's polygons. */
class Finder {
  constructor(shape) {
    this.shape = shape;
    [this.low, this.high] = shape.box();
    this.size = Math.max(1, Math.min(256, Math.ceil(Math.sqrt(shape.count))));
    this.lists = Array.from({ length: this.size ** 2 }, () => []);
    for (let zone = 0; zone < shape.count; zone++) {
      if (shape.firstRing[zone] === shape.firstRing[zone + 1]) continue;
      const [low, high] = shape.box([zone]);
      const [x0, y0, x1, y1] = [this.cell(low[0], 0), this.cell(low[1], 1), this.cell(high[0], 0), this.cell(high[1], 1)];
      for (let y = y0; y <= y1; y++) for (let x = x0; x <= x1; x++) this.lists[y * this.size + x].push(zone);
    }
  }

  cell(entry, axis) {
    const length = this.high[axis] - this.low[axis];
    return Math.max(0, Math.min(this.size - 1, Math.floor(length ? ((entry - this.low[axis]) / length) * this.size : 0)));
  }

  at(x, y) {
    const list = this.lists[this.cell(y, 1) * this.size + this.cell(x, 0)];
    return list.find((zone) => this.shape.ringsOf(zone).some((ring) => inside(ring, x, y))) ?? -1;
  }
}

/** Whether a point is in a convex polygon, of either orientation. */
function inside(ring, x, y) {
  let left = false, right = false;
  for (let k = 0; k < ring.length; k++) {
    const a = ring[k], b = ring[(k + 1) % ring.length];
    const side = (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0]);
    left ||= side > 0;
    right ||= side < 0;
  }
  return ring.length > 2 && !(left && right);
}
