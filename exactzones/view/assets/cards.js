// The cards with the exact facts about one zone, and about two.

const LISTED = 12; // neighbours listed on a card
const SIGNS_IN_TIP = 40; // signs of a pattern that fit on a line of the tooltip

/** The exact numbers of the page, and how they are written. */
class Book {
  constructor(scene) {
    this.scene = scene;
    this.main = scene.spaces[0];
    this.names = scene.letters;
    this.exact = null; // unpacked after the first picture is drawn
    this.writesExactly = false;
    this.units = scene.layers.flatMap((units, layer) => units.map((unit) => [layer, unit]));
  }

  take(exact) {
    this.exact = exact;
    this.facts = exact.layers ? new Facts(exact, this.main.patterns, this.scene.flat) : null;
    this.edges = new Map();
    exact.edges.forEach(([a, b, ...shared]) => {
      for (const [one, other] of [[a, b], [b, a]]) {
        if (!this.edges.has(one)) this.edges.set(one, new Map());
        this.edges.get(one).set(other, shared);
      }
    });
  }

  /** The exact numbers of a zone. */
  entry(zone) { return this.facts?.zone(zone) ?? this.exact.zones[zone]; }

  neighbours(zone) { return [...(this.edges?.get(zone)?.keys() ?? [])].sort((a, b) => a - b); }

  /** The facet that two zones share, and whether the property fires there; undefined if they share none. */
  edge(a, b) {
    const shared = this.edges?.get(a)?.get(b);
    return shared && { facet: this.facts?.facet(a, b) ?? shared[0], fires: shared.at(-1) };
  }

  /** The neurons [layer, unit] whose signs differ between two zones. */
  differing(a, b) {
    const [one, other] = [a, b].map((zone) => this.main.patterns[zone].replaceAll(' ', ''));
    return this.units.filter((_, k) => one[k] !== other[k]);
  }

  island(zone) { return this.main.colours.island[zone]; }

  heading(zone) {
    const [owner, holds] = this.main.owners?.[zone] ?? [];
    const part = this.main.owners ? `, where case ${holds} holds in activation region ${owner}` : '';
    const lonely = this.scene.data?.empty.includes(this.island(zone)) ? ' (no data point in it)' : '';
    return `Zone ${zone}${part}, island ${this.island(zone)}${lonely}`;
  }

  /** A zone's activation pattern, one line per layer, with the neurons `flips` marked. */
  pattern(zone, flips = []) {
    const layers = this.scene.layers.map((units, layer) => ({ units, layer })).filter(({ units }) => units.length);
    const flipped = new Set(flips.map(String));
    return this.main.patterns[zone].split(' ').map((signs, k) => {
      const { units, layer } = layers[k] ?? { units: [], layer: k };
      const shown = [...signs].map((sign, j) =>
        el(flipped.has(String([layer, units[j]])) ? 'mark' : 'span', { class: sign === '+' ? 'on' : 'off', title: `layer ${layer}, unit ${units[j]}` }, minus(sign)));
      return el('div', { class: 'signs exact' }, ...shown);
    });
  }

  point(number) { return this.number('point', this.exact.points[number]); }

  /** An exact number, point, inequality or map: as decimals until one clicks it, unless the page shows exact numbers. */
  number(kind, ...entries) {
    const [exact, decimals] = [WRITING.exact, WRITING.brief].map((write) => write[kind](...entries));
    if (this.writesExactly || exact === decimals) return exact;
    const shown = el('button', { type: 'button', class: 'number', title: 'show the exact numbers', onclick: () => (shown.textContent = shown.textContent === exact ? decimals : exact) }, decimals);
    return shown;
  }

  inequality(row, relation) { return this.number('inequality', ...turned(row, relation), this.names); }

  affine(row) { return this.number('affine', row, this.names); }

  /** The lines about a data point in the tooltip. */
  data(number) {
    const { away, exact, label, labels, off, zone } = this.scene.data;
    const named = labels.length ? `: ${labels[label[number]]}` : '';
    const where = off[number] ? `${away[number]} off the slice, drawn at the nearest point of it` : zone[number] < 0 ? 'in no zone' : `in zone ${zone[number]}`;
    return [el('strong', {}, `Data point ${number}${named}, ${where}`), el('div', { class: 'exact' }, briefPoint(exact[number]))];
  }

  /** The tooltip: three lines about a zone and the point `at` in it, or about a data point. */
  tip(zone, at, point) {
    const value = zone < 0 || !at ? '' : `value here ~${rounded(evaluate(this.main.functions[zone], at))}`, click = 'click for all';
    if (point >= 0) return [...this.data(point), ...(zone < 0 ? [] : [el('div', { class: 'hint' }, [value, click].filter(Boolean).join('; '))])];
    const signs = this.main.patterns[zone], pattern = signs.length > SIGNS_IN_TIP ? `${signs.slice(0, SIGNS_IN_TIP)}..` : signs;
    return [el('strong', {}, this.heading(zone)), el('div', { class: 'exact' }, minus(pattern) || 'no hidden neurons'), el('div', { class: 'hint' }, [value, click].filter(Boolean).join('; '))];
  }

  /** What bounds the part of a zone that fires: its vertices, in the larger space, too, if the picture is a slice; its rays and lines. */
  generators({ vertices, rays = [], lines = [] }) {
    const { lifted } = this.exact;
    return [
      ...pair('vertices', list(vertices, (k) => this.point(k)), lifted && el('details', {}, el('summary', {}, 'in the input space'), list(vertices, (k) => this.number('point', lifted[k])))),
      ...(rays.length ? pair('rays', list(rays, (ray) => this.number('point', ray))) : []),
      ...(lines.length ? pair('lines', list(lines, (line) => this.number('point', line))) : []),
    ];
  }

  /** The card of a zone. */
  zone(number, { swatch, flips, go }) {
    const { main } = this, entry = this.entry(number), { band } = main;
    const outside = { unbounded: 'the zone is unbounded; it is drawn up to the border of the window', cut: 'the zone extends beyond the window; it is drawn up to its border' }[main.outside[number]];
    const fires = entry.fires ?? entry;
    const near = this.neighbours(number);
    const buttons = near.slice(0, LISTED).map((other) => el('button', { type: 'button', title: 'show what the two zones share', onclick: () => go(other) }, String(other)));
    const inequalities = pair('inequalities', list(entry.inequalities, (row) => this.inequality(row, '>=')));
    return [
      el('h3', {}, el('span', { class: 'swatch', style: { borderColor: swatch } }), this.heading(number)),
      el('dl', {},
        ...pair('pattern', ...(main.patterns[number] ? this.pattern(number, flips) : ['no hidden neurons'])),
        ...pair('fires', entry.fires ? 'where' : 'everywhere in the activation region', !entry.fires ? null : list(entry.conditions, (row) => this.inequality(row.slice(0, -1), row.at(-1)))),
        ...pair('affine map', exactly(this.affine(entry.function))),
        ...this.generators(fires),
        ...(entry.fires ? [] : inequalities),
        ...pair('sample point', exactly(this.point(entry.sample))),
        ...(band ? pair(`in ${band.arithmetic}`, band.widths[number]) : []),
        ...(outside ? pair('window', outside) : []),
        ...(near.length ? pair('touches', el('span', { class: 'row' }, ...buttons, near.length > LISTED ? `and ${near.length - LISTED} more` : null)) : [])),
      entry.fires ? el('details', {}, el('summary', {}, 'the whole activation region'), el('dl', {}, ...inequalities, ...this.generators(entry))) : null,
      entry.map ? el('details', {}, el('summary', {}, 'affine map of the whole layer'), list(entry.map, (row) => this.affine(row))) : null,
    ];
  }

  /** The card about what two zones share. */
  pair(a, b) {
    const edge = this.edge(a, b), [one, other] = [a, b].map((zone) => this.entry(zone).vertices);
    const both = one.filter((vertex) => other.includes(vertex));
    const flips = this.differing(a, b).map(([layer, unit]) => `layer ${layer}, unit ${unit}`);
    const ends = both.length ? pair(both.length > 1 ? 'vertices of the facet' : 'vertex of the facet', list(both, (k) => this.point(k))) : [];
    if (!edge)
      return [el('h3', {}, `Zones ${a} and ${b} share no facet`),
        el('dl', {}, ...pair('shared vertices', both.length ? list(both, (k) => this.point(k)) : 'none'), ...pair('signs differ at', list(flips, (flip) => flip)))];
    return [el('h3', {}, `Zones ${a} and ${b} share a facet`),
      el('dl', {}, ...pair('on the hyperplane', exactly(this.inequality(edge.facet, '='))), ...ends,
        ...pair(flips.length > 1 ? 'neurons that switch sign' : 'neuron that switches sign', list(flips, (flip) => flip)),
        ...pair('on the facet', edge.fires ? 'fires: both zones are in one island' : 'does not fire'))];
  }
}

const pair = (term, ...description) => [el('dt', {}, term), el('dd', {}, ...description)];
const exactly = (text) => list([text], (one) => one);
const list = (all, write) => el('div', { class: 'exact' }, el('ul', {}, ...all.map((one) => el('li', {}, write(one)))));
